/** Errors in the words of the project that a command was called in. */
import { tailsHint } from '../../config/profiles/tails-hints.js';
import { MayflyError } from '../../errors.js';
import { findPlaces } from '../../source/index.js';
import { profileOf } from './project.js';

/** The same error; in a Tails-style checkout, its hint names what is there in place of builder.yaml. */
export async function inProjectWords(error: unknown, cwd: string): Promise<unknown> {
  if (!(error instanceof MayflyError) || error.hint === undefined) return error;
  const hint = tailsHint(error.hint);
  if (hint === error.hint) return error;
  try {
    const { topLevel } = await findPlaces(cwd);
    if ((await profileOf(topLevel)) === 'tails') Object.defineProperty(error, 'hint', { value: hint });
  } catch {
    // No checkout: what went wrong first is what matters.
  }
  return error;
}
