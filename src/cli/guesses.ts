/** Commands that people try because other programs have them, and the one of ours that they want. */
import type { Command } from 'commander';
import { nearest } from '../config/suggest.js';

/** What was typed → what does it, both without `mayfly`. */
export const GUESSES: Readonly<Record<string, string>> = {
  'vm start': 'vm up',
  'vm boot': 'vm up',
  'vm create': 'vm up',
  'vm resume': 'vm up',
  'vm stop': 'vm halt',
  'vm down': 'vm halt',
  'vm suspend': 'vm halt',
  'vm shutdown': 'vm halt',
  'vm shell': 'vm ssh',
  'vm login': 'vm ssh',
  'vm console': 'vm ssh',
  'vm run': 'vm exec',
  'vm rm': 'vm destroy',
  'vm remove': 'vm destroy',
  'vm delete': 'vm destroy',
  'vm clean': 'vm destroy',
  'vm ls': 'vm list',
  'vm show': 'vm status',
  'box make': 'box create',
  'box build': 'box create',
  'box add': 'box import',
  'box ls': 'box list',
  'box rm': 'box remove',
  'box delete': 'box remove',
  'box prune': 'box clean',
  'cache ls': 'cache list',
  'cache rm': 'cache clean',
  'cache remove': 'cache clean',
  'cache clear': 'cache clean',
  'snapshots ls': 'snapshots list',
  'snapshots pin': 'snapshots freeze',
  'snapshots update': 'snapshots freeze',
  'snapshots unpin': 'snapshots thaw',
  'snapshots create': 'snapshots take',
  'snapshots clean': 'snapshots expire',
  'snapshots prune': 'snapshots expire',
  new: 'init',
  create: 'init',
  make: 'build',
  run: 'boot',
  start: 'vm up',
  stop: 'vm halt',
  logs: 'clean --logs',
  prune: 'clean',
  gc: 'clean',
  check: 'doctor',
  snapshot: 'snapshots',
};

/**
 * The command that somebody may have meant; undefined when none comes to mind. Pure.
 * @param at the last command that was understood
 * @param path the words up to and with the one that was not
 */
export function guessCommand(at: Command, path: readonly string[]): string | undefined {
  const known = Object.entries(GUESSES).find(([words]) => words === path.join(' '));
  if (known !== undefined) return known[1];
  const word = path.at(-1) ?? '';
  const near = nearest(
    word,
    at.commands.map((command) => command.name()),
  );
  if (near !== undefined) return [...path.slice(0, -1), near].join(' ');
  const elsewhere = pathsBelow(topOf(at), []).filter((names) => names.at(-1) === word);
  return elsewhere.length === 1 ? elsewhere[0]?.join(' ') : undefined;
}

function topOf(command: Command): Command {
  return command.parent === null ? command : topOf(command.parent);
}

function pathsBelow(command: Command, path: readonly string[]): readonly (readonly string[])[] {
  return command.commands.flatMap((child) => {
    const own = [...path, child.name()];
    return [own, ...pathsBelow(child, own)];
  });
}
