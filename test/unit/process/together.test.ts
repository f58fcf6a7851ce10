import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { together } from '../../../src/process/together.js';

const signal = new AbortController().signal;

it('gives both results, of works that run at the same time', async () => {
  const order: string[] = [];
  const work = async (name: string, milliseconds: number): Promise<string> => {
    order.push(`begin ${name}`);
    await sleep(milliseconds);
    order.push(`end ${name}`);
    return name;
  };
  expect(
    await together(
      signal,
      () => work('a', 50),
      () => work('b', 1),
    ),
  ).toEqual(['a', 'b']);
  expect(order).toEqual(['begin a', 'begin b', 'end b', 'end a']);
});

it('ends the other when one fails, waits for it, and tells of the first failure', async () => {
  let ended = false;
  const endless = async (own: AbortSignal): Promise<void> => {
    await sleep(60_000, undefined, { signal: own }).catch(() => undefined);
    await sleep(20);
    ended = true;
    throw new Error('the second');
  };
  await expect(together(signal, endless, () => Promise.reject(new Error('the first')))).rejects.toThrow(
    'the first',
  );
  expect(ended).toBe(true);
});

it('ends both when the whole is ended', async () => {
  const whole = new AbortController();
  const work = (own: AbortSignal): Promise<void> => sleep(60_000, undefined, { signal: own });
  const both = together(whole.signal, work, work);
  whole.abort();
  await expect(both).rejects.toThrow();
});
