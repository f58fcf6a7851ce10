/** What a function threw, for tests that look at more than its message. */
import { MayflyError } from '../../../src/errors.js';

export function rejection(action: () => unknown): MayflyError {
  try {
    action();
  } catch (error) {
    if (error instanceof MayflyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
