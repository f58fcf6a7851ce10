/** Writes a file whole or not at all. A process that is killed may leave a name that ends in `.new`, which nothing reads. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../../errors.js';
import { namesIn } from './entries.js';

/**
 * Never over another.
 * @param folder where it is written first, on the same file system. Default: beside the target
 * @returns false when there is one of this name
 */
export async function writeNew(target: string, text: string, folder = dirname(target)): Promise<boolean> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = join(folder, basename(temporaryName(target)));
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
const TEMPORARY = /\.[0-9a-f]{12}\.new$/;

/** Removes what killed writers left. @param before what is younger may be being written */
export async function sweepTemporary(folder: string, before: Date): Promise<void> {
  for (const name of (await namesIn(folder)).filter((entry) => TEMPORARY.test(entry))) {
    const path = join(folder, name);
    const entry = await stat(path).catch(() => undefined);
    if (entry?.isFile() === true && entry.mtimeMs <= before.getTime()) await rm(path, { force: true });
  }
}
