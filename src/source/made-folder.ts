/** Makes a folder with its parents, and takes back exactly what was made. */
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../errors.js';

export interface MadeFolder {
  /** False when it was there already. */
  readonly created: boolean;
  /** Removes it with all it holds, and the parents made for it unless someone else uses them by now. */
  undo(): Promise<void>;
}

/** @param path absolute */
export async function makeFolder(path: string): Promise<MadeFolder> {
  const first = await mkdir(path, { recursive: true });
  const undo = async (): Promise<void> => {
    if (first === undefined) return;
    await rm(path, { recursive: true, force: true });
    for (let parent = dirname(path); parent.length >= first.length; parent = dirname(parent)) {
      if (!(await removeEmpty(parent))) return;
    }
  };
  return { created: first !== undefined, undo };
}

async function removeEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
