/**
 * One checksum for all of a base box: disk, kernel, initrd, its lists, and, by its fingerprint, what it was
 * made from. Its label is not in it: the same box may bear several.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { boxFiles } from '../paths.js';
import { canonicalJson, sha256 } from './recipe.js';
import type { BoxRecord } from './store.js';

/** What of a record has been verified, or was made here. */
type Verified = Pick<BoxRecord, 'fingerprint' | 'diskSha256' | 'diskBytes' | 'bootSha256'>;

export async function boxIdentity(folder: string, record: Verified): Promise<string> {
  const { fingerprint, diskSha256, diskBytes, bootSha256 } = record;
  const [packages, files] = await Promise.all([
    listSha256(join(folder, boxFiles.packages)),
    listSha256(join(folder, boxFiles.files)),
  ]);
  return sha256(canonicalJson({ fingerprint, diskSha256, diskBytes, bootSha256, packages, files }));
}

/** Null of a box that was made before there was such a list. */
async function listSha256(path: string): Promise<string | null> {
  try {
    return sha256(await readFile(path));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
