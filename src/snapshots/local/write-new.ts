/** Writes a file whole or not at all. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../../errors.js';

/** Never over another. @returns false when there is one of this name */
export async function writeNew(target: string, text: string): Promise<boolean> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = temporaryName(target);
  try {
    await writeFile(temporary, text, { flush: true });
    // A link, not a rename: it never replaces what another process has added meanwhile.
    await link(temporary, target);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * In place of another, if there is one: readers see the old or the new.
 * @param flush false for what is made anew when a power cut spoilt it
 */
export async function writeOver(target: string, text: string, flush = true): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = temporaryName(target);
  try {
    await writeFile(temporary, text, { flush });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Each writer has its own: one process may write the same file twice at a time. */
const temporaryName = (target: string): string => `${target}.${randomBytes(6).toString('hex')}.new`;
