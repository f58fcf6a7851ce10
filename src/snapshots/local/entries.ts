/** What is in the folders of the archive, whatever else somebody put there. */
import { join } from 'node:path';
import { hasCode } from '../../errors.js';
import { entriesOf } from '../../process/entries.js';
import { archiveParts } from './layout.js';

/** A file where a folder should be has no names in it. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await entriesOf(folder);
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}

/** A file that is stored, or that was and turned out to be damaged (verify.ts). */
export interface StoredName {
  readonly sha256: string;
  readonly path: string;
  readonly isDamaged: boolean;
}

/** The end of a damaged file's name: nobody is served it, and `verify` tells of it until it is mended. */
export const DAMAGED = '.damaged';

export async function* storedNames(archive: string): AsyncGenerator<StoredName> {
  const { files } = archiveParts(archive);
  for (const part of await namesIn(files)) {
    for (const name of await namesIn(join(files, part))) {
      const sha256 = /^([0-9a-f]{64})(?:\.damaged)?$/.exec(name)?.[1];
      if (sha256?.startsWith(part) !== true || part.length !== 2) continue;
      yield { sha256, path: join(files, part, name), isDamaged: name.endsWith(DAMAGED) };
    }
  }
}
