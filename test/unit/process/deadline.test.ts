import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { deadline } from '../../../src/process/deadline.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('fires after its time, and says that it was the time', () => {
  using limit = deadline(1000);
  vi.advanceTimersByTime(999);
  expect([limit.signal.aborted, limit.expired]).toEqual([false, false]);
  vi.advanceTimersByTime(1);
  expect([limit.signal.aborted, limit.expired]).toEqual([true, true]);
});

it('fires with the other signal, for the same reason', () => {
  const parent = new AbortController();
  using limit = deadline(1000, parent.signal);
  const reason = new Error('Ctrl-C');
  parent.abort(reason);
  expect(limit.signal.reason).toBe(reason);
  expect(limit.expired).toBe(false);
});

it('has fired from the start when the other signal has', () => {
  using limit = deadline(undefined, AbortSignal.abort('early'));
  expect(limit.signal.reason).toBe('early');
});

it('without a time never expires', () => {
  using limit = deadline(undefined);
  vi.advanceTimersByTime(1e9);
  expect(limit.signal.aborted).toBe(false);
});

it('does nothing more at the end of its block', () => {
  const parent = new AbortController();
  let signal: AbortSignal;
  {
    using limit = deadline(1000, parent.signal);
    signal = limit.signal;
  }
  vi.advanceTimersByTime(5000);
  parent.abort();
  expect(signal.aborted).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
