/** Where the artifacts of a build go. */
import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { hasCode, MayflyError } from '../../errors.js';

interface FromProject {
  readonly topLevel: string;
  /** artifacts.directory of builder.yaml. */
  readonly directory: string;
}

interface FromPerson {
  readonly cwd: string;
  /** The flag. */
  readonly asked: string | undefined;
  /** The variable ARTIFACTS. */
  readonly variable: string | undefined;
}

/**
 * What is named `authorized_keys` is a name like any other to a build. So whoever builds a branch may choose any
 * folder; the branch itself, one of its checkout.
 * @returns an absolute path
 * @throws MayflyError `artifacts.directory`: told now, and not when the image is built
 */
export async function artifactsFolder(project: FromProject, person: FromPerson): Promise<string> {
  const { topLevel } = project;
  const own =
    person.asked === undefined
      ? person.variable !== undefined && person.variable !== ''
        ? resolve(topLevel, person.variable)
        : undefined
      : resolve(person.cwd, person.asked);
  const directory = own ?? resolve(topLevel, project.directory);
  const there = await nearest(directory);
  if (own === undefined && !(await isInside(there, topLevel)))
    throw unusable(directory, "a link there leads out of the checkout, or to what is Git's own");
  return directory;
}

/** @returns the folder itself, or the nearest one above it that is there; it takes files */
async function nearest(directory: string): Promise<string> {
  for (let folder = directory; ; folder = dirname(folder)) {
    try {
      if (!(await stat(folder)).isDirectory()) throw unusable(directory, `${folder} is no folder`);
      await access(folder, constants.W_OK);
      return folder;
    } catch (error) {
      if (hasCode(error, 'ENOENT') && folder !== dirname(folder)) continue;
      if (hasCode(error, 'ENOTDIR')) throw unusable(directory, 'a part of its path is no folder');
      if (hasCode(error, 'EACCES') || hasCode(error, 'EROFS'))
        throw unusable(directory, `${folder} cannot be written to`);
      throw error;
    }
  }
}

/** In the checkout, when links are followed, and not in a `.git` of it. */
async function isInside(folder: string, topLevel: string): Promise<boolean> {
  const parts = relative(await realpath(topLevel), await realpath(folder)).split(sep);
  return !parts.some((part) => part === '..' || part.toLowerCase() === '.git');
}

function unusable(directory: string, why: string): MayflyError {
  return new MayflyError('usage', 'artifacts.directory', `Artifacts cannot go to ${directory}: ${why}.`, {
    hint: 'Name another folder: --artifacts DIR, the variable ARTIFACTS, or artifacts.directory in builder.yaml.',
  });
}
