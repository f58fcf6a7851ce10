/** Two works at once that stand or fall together. */
import { isAborted } from '../errors.js';

/**
 * @param signal of the whole; each work gets one that also ends it when the other fails
 * @returns both results
 * @throws the first failure, when both have settled
 */
export async function together<A, B>(
  signal: AbortSignal,
  one: (signal: AbortSignal) => Promise<A>,
  other: (signal: AbortSignal) => Promise<B>,
): Promise<readonly [A, B]> {
  const both = new AbortController();
  const follow = (): void => {
    both.abort(signal.reason);
  };
  if (isAborted(signal)) follow();
  signal.addEventListener('abort', follow, { once: true });
  const failures: unknown[] = [];
  const watched = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await work(both.signal);
    } catch (error) {
      failures.push(error);
      both.abort();
      throw error;
    }
  };
  try {
    const [first, second] = await Promise.allSettled([watched(one), watched(other)]);
    if (first.status === 'fulfilled' && second.status === 'fulfilled') return [first.value, second.value];
    throw failures[0];
  } finally {
    signal.removeEventListener('abort', follow);
  }
}
