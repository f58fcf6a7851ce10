/** A new project: a template's files in a new Git repository, committed. */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { normaliseName } from '../config/defaults.js';
import { hasCode, MayflyError } from '../errors.js';
import { projectFiles } from '../paths.js';
import { makeFolder } from '../process/make-folder.js';
import { noteUse } from '../build/archive/note-checkout.js';
import { readConfig } from '../build/plan/project.js';
import type { Serials } from '../snapshots/serial-files.js';
import { createRepository } from '../source/index.js';
import { chosenOrigins, serialProjectIn } from './snapshots.js';
import { freeze } from './write-serials.js';
import type { Context } from '../build/context.js';
import { ownFile } from '../program.js';

const TEMPLATES = ownFile('templates');

export interface MadeProject {
  readonly name: string;
  readonly folder: string;
  readonly shortId: string;
  /** What it is frozen to: origin → serial. */
  readonly serials: Serials;
}

export interface InitRequest {
  readonly template: string;
  /** Take a snapshot, and pin the project to it from its first commit. */
  readonly freeze: boolean;
}

/** @throws MayflyError `init.not-empty` when there is something already */
export async function initProject(
  context: Context,
  directory: string,
  request: InitRequest,
): Promise<MadeProject> {
  const folder = resolve(context.cwd, directory);
  await refuseTaken(folder);
  const name = normaliseName(basename(folder));
  await makeFolder(dirname(folder));
  // On the same file system, so that the whole project comes into place at once.
  const staging = await mkdtemp(join(dirname(folder), '.mayfly-init-'));
  try {
    // One folder deeper: mkdtemp's own is closed to everybody else, the project's is as cp makes it.
    const project = join(staging, 'project');
    await cp(join(TEMPLATES, request.template), project, { recursive: true });
    await ignoreArtifacts(project);
    await nameProject(join(project, projectFiles.builderFolder, projectFiles.config), name);
    const serials = request.freeze ? await freezeProject(context, project) : {};
    const shortId = await createRepository(
      project,
      `Begin the project ${name} from the template ${request.template}`,
      { signal: context.signal },
    );
    await putInPlace(project, folder);
    const states = Object.entries(serials).map(([origin, serial]) => ({ origin, serial, releases: {} }));
    await noteUse(context, folder, true, states);
    return { name, folder, shortId, serials };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function freezeProject(context: Context, folder: string): Promise<Serials> {
  const builderFolder = join(folder, projectFiles.builderFolder);
  const config = await readConfig({
    profile: 'builder',
    topLevel: folder,
    folder: builderFolder,
    imageFolder: folder,
  });
  const project = serialProjectIn(folder, builderFolder, config);
  try {
    const { serials } = await freeze(context, project, {
      origins: chosenOrigins(project, []),
      sets: ['box', 'image'],
      security: false,
    });
    return serials;
  } catch (error) {
    if (!(error instanceof MayflyError) || error.kind !== 'host') throw error;
    throw new MayflyError('host', error.code, error.message, {
      details: error.details,
      hint: `${error.hint ?? ''} Without a snapshot: mayfly init --no-freeze.`.trim(),
      cause: error,
    });
  }
}

/** A folder that exists, and is empty, stays: somebody may be in it. */
async function putInPlace(project: string, folder: string): Promise<void> {
  const isNew = await mkdir(folder).then(
    () => true,
    (error: unknown) => {
      if (hasCode(error, 'EEXIST')) return false;
      throw error;
    },
  );
  if (isNew) {
    await rename(project, folder).catch((error: unknown) => {
      throw hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST') ? taken(folder) : error;
    });
    return;
  }
  if ((await readdir(folder)).length > 0) throw taken(folder);
  for (const name of await readdir(project)) await rename(join(project, name), join(folder, name));
}

async function refuseTaken(folder: string): Promise<void> {
  const present = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw hasCode(error, 'ENOTDIR') ? taken(folder) : error;
  });
  if (present.length > 0) throw taken(folder);
}

function taken(folder: string): MayflyError {
  return new MayflyError('refused', 'init.not-empty', `There is something at ${folder} already.`, {
    hint: 'Name a folder that does not exist yet, or an empty one.',
  });
}

/** The templates say so themselves, but npm leaves every .gitignore out of a package. */
async function ignoreArtifacts(project: string): Promise<void> {
  await writeFile(join(project, '.gitignore'), '/artifacts/\n', { flag: 'wx' }).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error;
  });
}

/** The template's own name, on its line `name: …`, becomes the project's. */
async function nameProject(file: string, name: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/^name: .*$/m, `name: ${name}`));
}
