/**
 * Scratch folders that a crash may leave behind. Each one names its owner, so that the next
 * command can tell whose it was and remove it.
 */
import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { folderVariable } from '../paths.js';
import { makeFolder } from './make-folder.js';
import { currentOwner, isGone, parseOwner, type Owner } from './owner.js';
import { run, which } from './run.js';

const OWNER_FILE = '.owner.json';
const PREFIX = 'mayfly-';

export interface Scratch extends AsyncDisposable {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Where scratch folders go that another user must be able to enter: mmdebstrap's unshare mode
 * works as a subordinate user, who cannot enter a home directory of mode 0700. A disk, not a
 * tmpfs: a root file system in memory twice would not fit everywhere.
 */
export function publicScratchParent(env: NodeJS.ProcessEnv = process.env): string {
  return folderVariable(env, 'MAYFLY_TMPDIR') ?? '/var/tmp';
}

export async function makeScratch(parent: string, mode: 0o700 | 0o755): Promise<Scratch> {
  await makeFolder(parent);
  const path = join(parent, PREFIX + randomBytes(6).toString('hex'));
  await mkdir(path, { mode: 0o700 });
  await writeOwner(path);
  await chmod(path, mode);
  const remove = (): Promise<void> => removeTree(path);
  return { path, remove, [Symbol.asyncDispose]: remove };
}

export async function writeOwner(folder: string): Promise<void> {
  await writeFile(join(folder, OWNER_FILE), JSON.stringify(await currentOwner()));
}

/** Undefined when nothing tells whose it is. Then nobody removes it: its owner may be alive. */
export async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    return parseOwner(JSON.parse(await readFile(join(folder, OWNER_FILE), 'utf8')));
  } catch (error) {
    const isUnknown = ['ENOENT', 'EACCES', 'ENOTDIR', 'EISDIR'].some((code) => hasCode(error, code));
    if (isUnknown || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Removes a tree, also one that holds files of our subordinate users (a killed mmdebstrap's). What names the
 * owner goes last: when the removal fails half-way, the next command still knows whose it was.
 */
export async function removeTree(path: string): Promise<void> {
  const entry = await lstat(path).catch(() => undefined);
  const names = entry?.isDirectory() === true ? await readdir(path).catch(() => []) : [];
  if (names.includes(OWNER_FILE))
    for (const name of names.filter((each) => each !== OWNER_FILE)) await removeWhole(join(path, name));
  await removeWhole(path);
}

async function removeWhole(path: string): Promise<void> {
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true });
  const isDenied = (error: unknown): boolean => hasCode(error, 'EACCES') || hasCode(error, 'EPERM');
  try {
    await remove();
  } catch (error) {
    if (!isDenied(error)) throw error;
    await openFolders(path);
    await remove().catch(async (again: unknown) => {
      if (!isDenied(again) || which('mmdebstrap') === undefined) throw again;
      await run('mmdebstrap', ['--unshare-helper', 'rm', '-rf', path]);
      await remove();
    });
  }
}

/** Lets us into folders of ours that a tar or a program closed to everybody. */
export async function openFolders(path: string): Promise<void> {
  const entry = await lstat(path).catch(() => undefined);
  if (entry?.isDirectory() !== true || entry.uid !== process.getuid?.()) return;
  if ((entry.mode & 0o700) !== 0o700) await chmod(path, (entry.mode & 0o777) | 0o700);
  for (const name of await readdir(path)) await openFolders(join(path, name));
}

/** Removes the scratch folders of this user whose owner is gone; never those of another host. @returns their paths */
export async function reapScratch(parent: string): Promise<readonly string[]> {
  const reaped: string[] = [];
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((entry) => entry.startsWith(PREFIX))) {
    const path = join(parent, name);
    const entry = await lstat(path).catch(() => undefined);
    if (entry?.isDirectory() !== true || entry.uid !== process.getuid?.()) continue;
    const owner = await readOwner(path);
    // Without an owner it is being made at this moment, or it is not ours to judge.
    if (owner === undefined || !(await isGone(owner))) continue;
    if (await removeLeftover(path)) reaped.push(path);
  }
  return reaped;
}

/**
 * What names the owner goes last. False when a child of the owner is still writing there (an
 * mmdebstrap that is just ending): the next command removes the rest.
 */
async function removeLeftover(path: string): Promise<boolean> {
  try {
    for (const name of await readdir(path)) if (name !== OWNER_FILE) await removeTree(join(path, name));
    if ((await readdir(path)).length > 1) return false;
    await rm(path, { recursive: true });
    return true;
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EBUSY')) throw error;
    return false;
  }
}
