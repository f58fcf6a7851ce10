/** The project's own scripts: there, and executable, before anything is started for them. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { hasCode } from '../../errors.js';
import { guestError } from '../../guest/provision.js';

/**
 * @param folder the builder directory that will be built with
 * @param ref for the message
 * @throws MayflyError `guest.no-script`, `guest.not-executable`, as the guest would
 */
export async function checkScripts(
  folder: string,
  { build }: Pick<Config, 'build'>,
  ref: string,
): Promise<void> {
  for (const script of [build.provision, build.script]) {
    const problem = await problemOf(folder, script);
    if (problem !== undefined) throw guestError({ code: problem, text: script }, ref);
  }
}

async function problemOf(folder: string, script: string): Promise<string | undefined> {
  let path = folder;
  for (const part of script.split('/')) {
    path = join(path, part);
    try {
      const entry = await lstat(path);
      // Where a link leads, only the guest can tell.
      if (entry.isSymbolicLink()) return undefined;
      if (path !== join(folder, script)) continue;
      if (!entry.isFile()) return 'guest.no-script';
      return (entry.mode & 0o111) === 0 ? 'guest.not-executable' : undefined;
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return 'guest.no-script';
      throw error;
    }
  }
  return 'guest.no-script';
}
