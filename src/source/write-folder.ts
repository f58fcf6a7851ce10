/** Writes a list of files below a folder, the same on every host. */
import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { hasCode, MayflyError, throwIfAborted } from '../errors.js';
import { makeFolder } from './made-folder.js';

export interface FolderFile {
  /** Relative to the folder. */
  readonly path: string;
  readonly kind: 'file' | 'program' | 'link';
  /** Of a link: its target. */
  readonly content: Buffer;
}

export interface WriteOptions {
  /** Empties an existing folder first. */
  readonly replace: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Afterwards the folder holds these files and nothing else; after a failure, nothing.
 * @throws MayflyError `source.destination-not-empty` (refused)
 */
export async function writeFolder(
  destination: string,
  files: readonly FolderFile[],
  options: WriteOptions,
): Promise<void> {
  const present = await readdir(destination).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  if (present.length > 0 && !options.replace) throw notEmpty(destination);
  await empty(destination, present);
  const made = await makeFolder(resolve(destination));
  try {
    // A folder that we were given keeps its mode.
    if (made.created) await chmod(destination, 0o755);
    await writeAll(destination, files, options);
  } catch (error) {
    await empty(destination, await readdir(destination));
    await made.undo();
    throw error;
  }
}

async function writeAll(
  destination: string,
  files: readonly FolderFile[],
  options: WriteOptions,
): Promise<void> {
  const folders = new Set<string>(['.']);
  for (const { path, kind, content } of files) {
    throwIfAborted(options.signal);
    await addFolder(destination, dirname(path), folders);
    const whole = join(destination, path);
    if (kind === 'link') {
      await symlink(content, whole);
      continue;
    }
    await writeFile(whole, content, { flag: 'wx' });
    // The umask takes bits away when a file is made, not when its mode is set.
    await chmod(whole, kind === 'program' ? 0o755 : 0o644);
  }
}

/** Parents first. A link in the place of a folder makes mkdir fail, so nothing is written through one. */
async function addFolder(destination: string, folder: string, made: Set<string>): Promise<void> {
  if (made.has(folder)) return;
  await addFolder(destination, dirname(folder), made);
  await mkdir(join(destination, folder));
  await chmod(join(destination, folder), 0o755);
  made.add(folder);
}

async function empty(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

function notEmpty(destination: string): MayflyError {
  return new MayflyError(
    'refused',
    'source.destination-not-empty',
    `${destination} is not empty, so the builder directory is not written there.`,
    { hint: 'Name a folder that is empty or does not exist.' },
  );
}
