/** A new project: a template's files in a new Git repository, committed. */
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { normaliseName } from '../config/defaults.js';
import { hasCode, MayflyError } from '../errors.js';
import { projectFiles } from '../paths.js';
import { createRepository } from '../source/index.js';
import type { Context } from '../build/context.js';

const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url));

export interface MadeProject {
  readonly name: string;
  readonly folder: string;
  readonly shortId: string;
}

/** @throws MayflyError `init.not-empty` when there is something already */
export async function initProject(
  context: Context,
  directory: string,
  template: string,
): Promise<MadeProject> {
  const folder = resolve(context.cwd, directory);
  const present = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  if (present.length > 0) {
    throw new MayflyError('refused', 'init.not-empty', `${folder} is not empty.`, {
      hint: 'Name a folder that does not exist yet.',
    });
  }
  const name = normaliseName(basename(folder));
  await mkdir(dirname(folder), { recursive: true });
  const staging = join(dirname(folder), `.${basename(folder)}.new`);
  await rm(staging, { recursive: true, force: true });
  try {
    await cp(join(TEMPLATES, template), staging, { recursive: true });
    await nameProject(join(staging, projectFiles.builderFolder, projectFiles.config), name);
    const shortId = await createRepository(
      staging,
      `Begin the project ${name} from the template ${template}`,
      { signal: context.signal },
    );
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
    return { name, folder, shortId };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** The template's own name, on its line `name: …`, becomes the project's. */
async function nameProject(file: string, name: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/^name: .*$/m, `name: ${name}`));
}
