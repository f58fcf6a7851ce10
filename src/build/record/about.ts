/**
 * What a log is of, from its first moment: build.json comes at the end of a build only, and other commands
 * write none. Without it nobody could tell which logs may go.
 */
import { access, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { hasCode } from '../../errors.js';
import { buildFiles } from '../../paths.js';
import { currentOwner, ownerShape } from '../../process/owner.js';

const logAbout = z.object({
  schema: z.literal(1),
  /** Whose process writes it. */
  owner: ownerShape,
  checkout: z.string(),
  /** The VM that was started or taken for it. */
  vm: z.string().optional(),
});
export type LogAbout = z.infer<typeof logAbout>;

/** @param cwd where the command was called */
export async function beginLog(folder: string, cwd: string): Promise<void> {
  await writeAbout(folder, { schema: 1, owner: await currentOwner(), checkout: await topOf(cwd) });
}

export async function noteVm(folder: string, vm: string): Promise<void> {
  const about = await readAbout(folder);
  if (about !== undefined) await writeAbout(folder, { ...about, vm });
}

/** Undefined when there is none, or none that can be read. */
export async function readAbout(folder: string): Promise<LogAbout | undefined> {
  try {
    return logAbout.safeParse(JSON.parse(await readFile(join(folder, buildFiles.about), 'utf8'))).data;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function writeAbout(folder: string, about: LogAbout): Promise<void> {
  const path = join(folder, buildFiles.about);
  await writeFile(`${path}.new`, `${JSON.stringify(about, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** The top of the checkout that a folder is in, found without Git: a mistake in it must not stop the log. */
async function topOf(cwd: string): Promise<string> {
  const start = await realpath(cwd);
  for (let folder = start; ; folder = dirname(folder)) {
    const isTop = await access(join(folder, '.git')).then(
      () => true,
      () => false,
    );
    if (isTop) return folder;
    if (dirname(folder) === folder) return start;
  }
}
