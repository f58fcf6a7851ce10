/** Files of a project that this host reads itself. */
import { realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { hasCode, MayflyError } from '../errors.js';

/**
 * A link in the project's builder directory may lead to any file of this host. What is read from there
 * for a base box or a VM must be in that directory.
 * @param path relative to the folder; it need not exist
 * @param setting which names it, for the message
 * @throws MayflyError `builder.outside`
 * @returns the path, absolute
 */
export async function insideFolder(folder: string, path: string, setting: string): Promise<string> {
  const whole = join(folder, path);
  const real = await realpath(whole).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (
    real !== undefined &&
    relative(await realpath(folder), real)
      .split(sep)
      .includes('..')
  ) {
    throw new MayflyError(
      'usage',
      'builder.outside',
      `${path} (${setting}) is a link that leads out of the builder directory.`,
      { hint: 'Put the file itself there.' },
    );
  }
  return whole;
}
