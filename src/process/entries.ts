/** Names in a folder. */
import { readdir } from 'node:fs/promises';
import { hasCode } from '../errors.js';

/** A folder that does not exist is an empty one. */
export async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
