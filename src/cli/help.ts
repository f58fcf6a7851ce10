/** How help looks: sentences for what something is, phrases in lists of commands, examples that say what they do. */
import { Help, type Argument, type Command, type Option } from 'commander';

/** What terminals are at least wide; examples are written for it. Columns. */
const WIDTH = 80;

/** To be called before there are subcommands: they inherit it. */
export function styleHelp(program: Command): Command {
  return program
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({
      sortSubcommands: false,
      visibleOptions: (command) => globalLast(new Help().visibleOptions(command)),
      helpWidth: Math.min(process.stdout.isTTY ? process.stdout.columns : WIDTH, 100),
      optionDescription: describe,
      argumentDescription: describe,
    });
}

/** Flags that every command has: who looks for what one command does reads its own first. */
const GLOBAL = ['--json', '--verbose', '--quiet', '--help'];

function globalLast(options: readonly Option[]): Option[] {
  const rank = ({ long }: Option): number => GLOBAL.indexOf(long ?? '');
  return [...options].sort((a, b) => rank(a) - rank(b));
}

/** Commander's own way puts "(choices: …, default: …)" behind the full stop. */
function describe({ description, argChoices, defaultValue }: Option | Argument): string {
  const choices = argChoices === undefined ? [] : [`One of ${argChoices.join(', ')}.`];
  const fallback = typeof defaultValue === 'string' ? [`Default: ${defaultValue}.`] : [];
  return [description, ...choices, ...fallback].join(' ');
}

/** A command line, and what it does, as a phrase. */
export type Example = readonly [line: string, does: string];

/** Adds examples below the help: in two columns, or one below the other where that is too wide. */
export function addExamples(command: Command, ...examples: readonly Example[]): Command {
  const column = Math.max(...examples.map(([line]) => line.length)) + 2;
  const wide = examples.some(([, does]) => 2 + column + does.length > WIDTH);
  const lines = examples.map(([line, does]) =>
    wide ? `  ${line}\n      ${does}` : `  ${line.padEnd(column)}${does}`,
  );
  const title = examples.length === 1 ? 'Example:' : 'Examples:';
  return command.addHelpText('after', ['', title, ...lines].join('\n'));
}
