import { describe, expect, it } from 'vitest';
import { isVmFailure } from '../../../bench/attempts.js';
import { MayflyError } from '../../../src/errors.js';
import { CommandError } from '../../../src/process/command-error.js';

const command = (exitCode: number): CommandError =>
  new CommandError({
    command: ['mayfly', 'build'],
    cwd: '/',
    exitCode,
    signal: undefined,
    timedOut: false,
    notFound: false,
    tail: [],
    durationMs: 1,
  });

describe('isVmFailure', () => {
  it.each([
    { error: command(4), expected: true },
    { error: command(1), expected: false },
    { error: new MayflyError('vm', 'vm.died', 'gone'), expected: true },
    { error: new MayflyError('host', 'box.disk-full', 'full'), expected: false },
    { error: new Error('a bug'), expected: false },
  ])('$error.message: $expected', ({ error, expected }) => {
    expect(isVmFailure(error)).toBe(expected);
  });
});
