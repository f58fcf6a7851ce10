/** Makes folders, one below the other. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode, MayflyError } from '../errors.js';

/**
 * Makes a folder and what is missing above it. Node's own `recursive` asks for ever where a file system takes no
 * folders and says that the parent is missing, as /proc does.
 * @param mode of the folders that are made; default 0777, less the umask
 * @throws MayflyError `host.no-folder` where none can be made; other errors of mkdir(2) as they are
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const missing = await tryMake(path, mode);
  if (missing === undefined) return;
  await makeFolder(dirname(path), mode);
  // The parent is there now.
  const again = await tryMake(path, mode);
  if (again === undefined) return;
  const text = `The folder ${path} cannot be made: its file system takes none.`;
  throw new MayflyError('host', 'host.no-folder', text, {
    hint: 'Is MAYFLY_HOME, MAYFLY_TMPDIR or the XDG variable that leads there what it should be?',
    cause: again,
  });
}

/** @returns the error when the parent is missing */
async function tryMake(path: string, mode: number | undefined): Promise<Error | undefined> {
  try {
    await mkdir(path, mode);
    return undefined;
  } catch (error) {
    if (hasCode(error, 'EEXIST') && (await stat(path)).isDirectory()) return undefined;
    if (error instanceof Error && hasCode(error, 'ENOENT')) return error;
    throw error;
  }
}
