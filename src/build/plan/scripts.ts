/** The project's own scripts: there, and executable, before anything is started for them. */
import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { POSTINSTALL } from '../../config/schema-sections.js';
import { hasCode, MayflyError } from '../../errors.js';
import { guestError } from '../../guest/provision.js';

/** Which scripts of builder.yaml's `build` a command runs. */
export type ScriptField = 'provision' | 'script';

/**
 * @param folder the builder directory that will be built with
 * @param ref for the message
 * @param fields those that will run
 * @throws MayflyError `guest.no-script`, `guest.not-executable`, as the guest would
 */
export async function checkScripts(
  folder: string,
  { build }: Pick<Config, 'build'>,
  ref: string,
  fields: readonly ScriptField[],
): Promise<void> {
  for (const script of fields.map((field) => build[field])) {
    const problem = await problemOf(folder, script);
    if (problem !== undefined) throw guestError({ code: problem, text: script }, ref);
  }
}

/**
 * A script for the base box that is named, and not there, would be left out without a word.
 * @throws MayflyError `box.no-postinstall`
 */
export async function checkPostinstall(folder: string, { basebox }: Pick<Config, 'basebox'>): Promise<void> {
  const { postinstall } = basebox;
  const entry = await stat(join(folder, postinstall)).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  });
  // Nobody need have one at the usual place.
  const isFine = entry === undefined ? postinstall === POSTINSTALL : entry.isFile();
  if (isFine) return;
  const found = entry === undefined ? 'has no' : 'has something else than a file at';
  throw new MayflyError('usage', 'box.no-postinstall', `The builder directory ${found} ${postinstall}.`, {
    hint: 'Write it, or name another in builder.yaml (basebox.postinstall).',
  });
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
