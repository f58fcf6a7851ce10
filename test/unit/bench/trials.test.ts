import { describe, expect, it } from 'vitest';
import { firstReason, reasonOf, Trials } from '../../../bench/trials.js';
import { MayflyError } from '../../../src/errors.js';
import { CommandError, notInstalled, type CommandFailure } from '../../../src/process/command-error.js';

const failure: CommandFailure = {
  command: ['tool'],
  cwd: '/',
  exitCode: 1,
  signal: undefined,
  timedOut: false,
  notFound: false,
  tail: ['Exec: mkimg', '2026/01/02 03:04:05 open: Operation not permitted', 'traceback: error'],
  durationMs: 61_000,
};
const fails = (): Promise<never> => Promise.reject(new CommandError(failure));

describe('firstReason', () => {
  it.each([
    { name: 'the first line that tells', of: {}, expected: 'open: Operation not permitted' },
    { name: 'the last line when none tells', of: { tail: ['one', 'two', ''] }, expected: 'two' },
    { name: 'silence', of: { tail: [] }, expected: 'it said nothing' },
    { name: 'a time that is up', of: { timedOut: true }, expected: 'it did not finish within 61 s' },
  ])('$name', ({ of, expected }) => {
    expect(firstReason({ ...failure, ...of })).toBe(expected);
  });
});

describe('reasonOf', () => {
  it('names a program that is missing, and nothing of other errors', () => {
    expect(reasonOf(notInstalled(['vmdb2'], '/'))).toBe('The program vmdb2 is not installed.');
    expect(reasonOf(new MayflyError('interrupted', 'interrupted', 'Interrupted.'))).toBeUndefined();
    expect(reasonOf(new Error('a mistake of ours'))).toBeUndefined();
  });
});

describe('Trials', () => {
  it('collects values', async () => {
    const trials = new Trials<number>();
    await trials.run(() => Promise.resolve(1));
    await trials.run(() => Promise.resolve(2));
    expect(trials.measure('t', (value) => value * 10)).toEqual({ title: 't', seconds: [10, 20] });
  });

  it('has a reason instead of a figure, and does not try again', async () => {
    const trials = new Trials<number>();
    await trials.run(fails);
    await trials.run(() => Promise.reject(new Error('not reached')));
    expect(trials.amount('t', (value) => value)).toEqual({
      title: 't',
      bytes: [],
      couldNotRun: 'open: Operation not permitted',
    });
  });

  it('fails when a program ran before, when it is required, and when it is no answer', async () => {
    const trials = new Trials<number>();
    await trials.run(() => Promise.resolve(1));
    await expect(trials.run(fails)).rejects.toThrow(CommandError);
    await expect(new Trials<number>(true).run(fails)).rejects.toThrow(CommandError);
    await expect(new Trials<number>().run(() => Promise.reject(new Error('ours')))).rejects.toThrow('ours');
  });
});
