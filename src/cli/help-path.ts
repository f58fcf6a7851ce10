/** `mayfly help a b`, which commander reads one word of. */
import type { Command } from 'commander';
import { didYouMean } from '../config/suggest.js';
import { MayflyError } from '../errors.js';

/**
 * The words after the program's name that print the help which `help` asks for; undefined when these ask for
 * none. `help` may stand behind a command that has commands. Pure.
 * @throws MayflyError `usage.no-command`
 */
export function helpWords(program: Command, words: readonly string[]): readonly string[] | undefined {
  const path = words.filter((word) => word !== 'help');
  if (!asksForHelp(program, words) || path.some((word) => word.startsWith('-'))) return undefined;
  let command = program;
  for (const word of path) {
    const names = command.commands.map((each) => each.name());
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next === undefined) throw noCommand(path, word, names);
    command = next;
  }
  return [...path, '--help'];
}

function asksForHelp(program: Command, words: readonly string[]): boolean {
  let command: Command | undefined = program;
  for (const word of words) {
    if (command === undefined || command.commands.length === 0) return false;
    if (word === 'help') return true;
    command = command.commands.find((each) => each.name() === word);
  }
  return false;
}

function noCommand(path: readonly string[], word: string, names: readonly string[]): MayflyError {
  const whole = path.slice(0, path.indexOf(word) + 1).join(' ');
  const help = didYouMean(word, names);
  return new MayflyError(
    'usage',
    'usage.no-command',
    `There is no command ${JSON.stringify(whole)}${help === '' ? '.' : help}`,
    { hint: '`mayfly --help` lists the commands.' },
  );
}
