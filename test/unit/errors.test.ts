import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  firstError,
  hasCode,
  interruption,
  isAborted,
  MayflyError,
  messageOf,
  throwIfAborted,
} from '../../src/errors.js';

it('of an error and one of the cleanup after it, the first counts', async () => {
  const failing = async (): Promise<void> => {
    await using _one = { [Symbol.asyncDispose]: () => Promise.reject(new Error('second')) };
    await using _two = { [Symbol.asyncDispose]: () => Promise.reject(new Error('third')) };
    await Promise.reject(new Error('first'));
  };
  const thrown: unknown = await failing().catch((error: unknown) => error);
  expect(firstError(thrown)).toMatchObject({ message: 'first' });
  expect(firstError('text')).toBe('text');
});

describe('MayflyError', () => {
  it('carries what a person needs', () => {
    const cause = new Error('deeper');
    const error = new MayflyError('host', 'disk.full', 'The disk is full.', {
      hint: 'Free some space.',
      details: ['a', 'b'],
      log: '/log',
      cause,
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'MayflyError',
      kind: 'host',
      code: 'disk.full',
      message: 'The disk is full.',
      hint: 'Free some space.',
      details: ['a', 'b'],
      log: '/log',
      cause,
    });
  });

  it('needs no more than a kind, a code and a message', () => {
    const error = new MayflyError('usage', 'x', 'No.');
    expect([error.hint, error.details, error.log, 'cause' in error]).toEqual([
      undefined,
      [],
      undefined,
      false,
    ]);
  });
});

it('hasCode knows system errors', async () => {
  const error: unknown = await readFile('/no/such/file').catch((reason: unknown) => reason);
  expect([hasCode(error, 'ENOENT'), hasCode(error, 'EACCES')]).toEqual([true, false]);
  expect([hasCode({ code: 'ENOENT' }, 'ENOENT'), hasCode(undefined, 'ENOENT')]).toEqual([false, false]);
});

it.each([
  [new Error('why'), 'why'],
  ['text', 'text'],
  [undefined, 'undefined'],
  [42, '42'],
])('messageOf words %s', (thrown, words) => {
  expect(messageOf(thrown)).toBe(words);
});

describe('interruptions', () => {
  it('are the reason that the caller gave, when it is one for people', () => {
    const reason = new MayflyError('interrupted', 'interrupted', 'Interrupted by SIGTERM.');
    expect(interruption(AbortSignal.abort(reason))).toBe(reason);
    for (const signal of [AbortSignal.abort(), AbortSignal.abort('x'), undefined]) {
      expect(interruption(signal)).toMatchObject({ kind: 'interrupted', message: 'Interrupted.' });
    }
  });

  it('are thrown only once the signal has fired', () => {
    const abort = new AbortController();
    throwIfAborted(abort.signal);
    throwIfAborted(undefined);
    expect([isAborted(abort.signal), isAborted(undefined)]).toEqual([false, false]);
    abort.abort();
    expect(isAborted(abort.signal)).toBe(true);
    expect(() => {
      throwIfAborted(abort.signal);
    }).toThrow('Interrupted.');
  });
});
