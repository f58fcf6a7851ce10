/** `mayfly completion` */
import { Argument, type Command } from 'commander';
import { printAsIs } from './common.js';
import { bashCompletion, fishCompletion, zshCompletion } from './completion-scripts.js';
import { placesOf } from './completion-words.js';
import { addExamples } from './help.js';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function registerCompletion(program: Command): void {
  const command = program
    .command('completion')
    .summary('print a completion script for the shell')
    .description('Prints a script that teaches the shell to complete commands and flags of mayfly.')
    .addArgument(new Argument('<shell>', 'Shell that is to read the script.').choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) => {
      printAsIs(completionScript(program, shell));
    });
  addExamples(
    command,
    ['eval "$(mayfly completion bash)"', 'for this shell only; zsh likewise'],
    ['mayfly completion fish | source', 'for this shell only'],
  );
  command.addHelpText(
    'after',
    `
For every bash to come:
  mkdir -p ~/.local/share/bash-completion/completions
  mayfly completion bash > ~/.local/share/bash-completion/completions/mayfly`,
  );
}

/** Pure: the script for one shell, from the commands as they are. */
export function completionScript(program: Command, shell: keyof typeof SCRIPTS): string {
  return SCRIPTS[shell](placesOf(program));
}
