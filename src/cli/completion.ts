/** `mayfly completion` */
import { Argument, type Command } from 'commander';
import { print } from './common.js';

export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for the shell')
    .description('Prints a script that teaches the shell to complete commands and flags of mayfly.')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nExamples:\n  mayfly completion bash > ~/.local/share/bash-completion/completions/mayfly\n  source <(mayfly completion zsh)',
    )
    .action((shell: string) => {
      print(completionScript(program, shell));
    });
}

interface Entry {
  /** `box create` */
  readonly path: string;
  readonly words: readonly string[];
}

function entriesOf(command: Command, path: readonly string[] = []): readonly Entry[] {
  const flags = command.options
    .flatMap((option) => [option.long, option.short])
    .filter((flag) => flag !== undefined);
  const names = command.commands.map((child) => child.name());
  return [
    { path: path.join(' '), words: [...names, ...flags, '--help'] },
    ...command.commands.flatMap((child) => entriesOf(child, [...path, child.name()])),
  ];
}

/** Pure: the script for one shell, from the commands as they are. */
export function completionScript(program: Command, shell: string): string {
  const entries = entriesOf(program);
  if (shell === 'fish') {
    return entries
      .flatMap(({ path, words }) =>
        words.map((word) => {
          const condition =
            path === ''
              ? '__fish_use_subcommand'
              : `__fish_seen_subcommand_from ${path.split(' ').at(-1) ?? ''}`;
          const kind = word.startsWith('--')
            ? `-l ${word.slice(2)}`
            : word.startsWith('-')
              ? `-s ${word.slice(1)}`
              : `-f -a ${word}`;
          return `complete -c mayfly -n '${condition}' ${kind}`;
        }),
      )
      .join('\n');
  }
  const cases = entries.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`).join('\n');
  const bash = `_mayfly() {
  local path='' word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case $path in
${cases}
    *) words='' ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
  [ "\${#COMPREPLY[@]}" -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o filenames -F _mayfly mayfly`;
  return shell === 'bash'
    ? bash
    : `autoload -U +X bashcompinit && bashcompinit\n${bash.replaceAll(/mapfile -t COMPREPLY < <\((.*)\)/g, 'COMPREPLY=($($1))')}`;
}
