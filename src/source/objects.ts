/**
 * Brings the objects of one repository into another without copying where the file system allows.
 *
 * Object files never change once they are there, so a hard link is as good as a copy. Only whole
 * packs and loose objects are taken: no alternates, no bitmaps or indexes over several packs, no
 * files in progress, no symbolic links that could lead outside.
 */
import { constants, type Dirent } from 'node:fs';
import { chmod, copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasCode, throwIfAborted } from '../errors.js';
import { objectStores } from './alternates.js';

/** Folders and files of an object store (gitrepository-layout(5)); ids are SHA-1 or SHA-256. */
const LOOSE_FOLDER = /^[0-9a-f]{2}$/;
const LOOSE_OBJECT = /^(?:[0-9a-f]{38}|[0-9a-f]{62})$/;
/** In this order: git takes a pack for complete once its .idx is there. */
const PACK_FILES = [/^pack-[0-9a-f]+\.pack$/, /^pack-[0-9a-f]+\.rev$/, /^pack-[0-9a-f]+\.idx$/];

/** A repository that git repacks again and again while we read is given up to the check of the caller. */
const MOST_PASSES = 5;

/** What makes a hard link impossible where a copy may still work. */
const NO_LINK = ['EXDEV', 'EPERM', 'EMLINK', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

export interface LinkOptions {
  readonly signal?: AbortSignal | undefined;
  /** How a file gets a second name; tests pass one that fails. */
  readonly link?: (existing: string, path: string) => Promise<void>;
}

/**
 * Makes every object of `from`, its alternates included, an object of `to`. Objects already in `to`
 * stay. Both are `objects` folders.
 */
export async function linkObjects(from: string, to: string, options: LinkOptions = {}): Promise<void> {
  const stores = await objectStores(from);
  // Git may move loose objects into a pack between our two looks: look again until nothing is new.
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    let added = 0;
    for (const store of stores) added += await linkStore(store, to, options);
    if (added === 0) return;
  }
}

async function linkStore(from: string, to: string, options: LinkOptions): Promise<number> {
  let added = 0;
  for (const pattern of PACK_FILES)
    added += await linkFolder(join(from, 'pack'), join(to, 'pack'), pattern, options);
  for (const folder of await readFolder(from)) {
    if (!folder.isDirectory() || !LOOSE_FOLDER.test(folder.name)) continue;
    added += await linkFolder(join(from, folder.name), join(to, folder.name), LOOSE_OBJECT, options);
  }
  return added;
}

/** @returns how many files were new, or vanished while we looked */
async function linkFolder(from: string, to: string, pattern: RegExp, options: LinkOptions): Promise<number> {
  throwIfAborted(options.signal);
  const wanted = (await readFolder(from)).filter((entry) => entry.isFile() && pattern.test(entry.name));
  const present = new Set((await readFolder(to)).map((entry) => entry.name));
  const missing = wanted.map((entry) => entry.name).filter((name) => !present.has(name));
  if (missing.length === 0) return 0;
  await mkdir(to, { recursive: true });
  await Promise.all(
    missing.map((name) => linkOrCopy(join(from, name), join(to, name), options.link ?? link)),
  );
  return missing.length;
}

async function linkOrCopy(
  from: string,
  to: string,
  makeLink: NonNullable<LinkOptions['link']>,
): Promise<void> {
  try {
    await makeLink(from, to);
  } catch (error) {
    // Repacked away meanwhile: the next pass finds it in its pack.
    if (hasCode(error, 'ENOENT') || hasCode(error, 'EEXIST')) return;
    if (!NO_LINK.some((code) => hasCode(error, code))) throw error;
    await copyWhole(from, to);
  }
}

/** Copies under another name first, so that an interrupted copy is never taken for an object. */
async function copyWhole(from: string, to: string): Promise<void> {
  const partial = join(dirname(to), `tmp_obj_mayfly_${basename(to)}`);
  try {
    await rm(partial, { force: true });
    await copyFile(from, partial, constants.COPYFILE_FICLONE);
    await chmod(partial, 0o444);
    await rename(partial, to);
  } catch (error) {
    await rm(partial, { force: true });
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

async function readFolder(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
