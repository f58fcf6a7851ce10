/** `mayfly help a b`, which commander reads one word of. */
import type { Command } from 'commander';
import { noCommand } from './usage-error.js';

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
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next === undefined) throw noCommand(command, word);
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
