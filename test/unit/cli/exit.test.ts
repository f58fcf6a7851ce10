import { describe, expect, it } from 'vitest';
import { ScriptFailed } from '../../../src/build/work-in-vm.js';
import { EXIT_CODES, exitCodeOf } from '../../../src/cli/exit.js';
import { MayflyError, type FailureKind } from '../../../src/errors.js';
import { CommandError } from '../../../src/process/command-error.js';

describe('the exit code', () => {
  it.each<[FailureKind, number]>([
    ['script', 1],
    ['usage', 2],
    ['host', 3],
    ['vm', 4],
    ['refused', 5],
    ['interrupted', 130],
  ])('of a failure of kind %s is %i, and is listed', (kind, code) => {
    expect(exitCodeOf(new MayflyError(kind, 'x', 'x'))).toBe(code);
    expect(EXIT_CODES.map(([listed]) => listed)).toContain(code);
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [5, 1],
    [6, 6],
    [42, 42],
    [69, 69],
    [70, 1],
    [125, 125],
    [126, 1],
    [127, 1],
    [130, 1],
    [137, 1],
    [255, 1],
  ])('of a build script that ended with %i is %i: no code has two meanings', (script, code) => {
    expect(exitCodeOf(new ScriptFailed(script, '/log'))).toBe(code);
  });

  it('of a failed program of the host is 3', () => {
    const failure = { command: ['x'], cwd: '/', exitCode: 1, signal: undefined, timedOut: false } as const;
    expect(exitCodeOf(new CommandError({ ...failure, notFound: false, tail: [], durationMs: 1 }))).toBe(3);
  });

  it.each([[new TypeError('x')], ['text'], [undefined]])('of a bug is 70: %s', (thrown) => {
    expect(exitCodeOf(thrown)).toBe(70);
    expect(EXIT_CODES).toContainEqual([70, 'a bug in mayfly']);
  });
});
