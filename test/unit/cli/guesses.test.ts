import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { GUESSES } from '../../../src/cli/guesses.js';
import { makeProgram } from '../../../src/cli/main.js';

function find(path: string): Command | undefined {
  const words = path.split(' ').filter((word) => !word.startsWith('--'));
  return words.reduce<Command | undefined>(
    (at, word) => at?.commands.find((command) => command.name() === word),
    makeProgram(),
  );
}

it.each(Object.entries(GUESSES))('`mayfly %s` is no command, and `mayfly %s` is one', (typed, meant) => {
  expect(find(typed)).toBeUndefined();
  expect(find(meant)).toBeDefined();
});
