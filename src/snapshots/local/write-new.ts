/** Writes a file whole or not at all, and never over another. */
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../../errors.js';

/** @returns false when there is one of this name */
export async function writeNew(target: string, text: string): Promise<boolean> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}.new`;
  await writeFile(temporary, text, { flush: true });
  try {
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
