/** The project that a command was typed in: its checkout and its builder directory, as they will be built. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Config } from '../../config/config.js';
import { normaliseName } from '../../config/defaults.js';
import { loadConfig } from '../../config/load.js';
import { TAILS, tailsConfig } from '../../config/profiles/tails.js';
import { hasCode, MayflyError } from '../../errors.js';
import { projectFiles } from '../../paths.js';
import {
  askedByVariables,
  findPlaces,
  folderState,
  inspectCheckout,
  type Checkout,
  type FolderState,
} from '../../source/index.js';
import { IMAGE_SERIALS } from '../archive/plan.js';
import type { Context } from '../context.js';
import { withoutResults } from './results.js';

/** How a project's settings are known: from its builder.yaml, or by a profile of a layout without one. */
export type ProfileName = 'builder' | 'tails';

export interface Project {
  readonly checkout: Checkout;
  readonly profile: ProfileName;
  /** Relative to the top of the checkout. */
  readonly builderFolder: string;
  readonly folderState: FolderState;
  readonly config: Config;
}

/** What the command itself writes, which makes no checkout dirty. */
interface OwnResults {
  readonly ownFiles?: readonly string[] | undefined;
  /** Where artifacts go, relative to the folder it was called in; default as the environment or the project says. */
  readonly artifacts?: string | undefined;
}

/**
 * @throws MayflyError `project.no-builder` and those of the checkout and of its settings
 */
export async function openProject(
  context: Context,
  { ownFiles = [], artifacts }: OwnResults = {},
): Promise<Project> {
  const { topLevel } = await findPlaces(context.cwd, { signal: context.signal });
  const profile = await profileOf(topLevel);
  const checkout = await inspectAsAsked(context, topLevel, profile);
  const builderFolder = builderFolderOf(profile);
  const config = await readConfig({
    profile,
    topLevel,
    folder: join(topLevel, builderFolder),
    imageFolder: topLevel,
  });
  const state = await folderState(checkout, builderFolder, { signal: context.signal });
  const { directory, patterns } = config.artifacts;
  const dirty = withoutResults(checkout, {
    directory:
      artifacts === undefined
        ? (nonEmpty(context.env['ARTIFACTS']) ?? directory)
        : resolve(context.cwd, artifacts),
    patterns,
    ownFiles,
  });
  return { checkout: { ...checkout, dirty }, profile, builderFolder, folderState: state, config };
}

const nonEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

/** A builder.yaml comes first: who has written one wants it to be read. */
export async function profileOf(topLevel: string): Promise<ProfileName> {
  const exists = (path: string): Promise<boolean> =>
    stat(join(topLevel, path)).then(
      () => true,
      () => false,
    );
  if (await exists(join(projectFiles.builderFolder, projectFiles.config))) return 'builder';
  const marks = TAILS.marks.map((mark) => exists(join(TAILS.builderFolder, mark)));
  return (await Promise.all(marks)).every((found) => found) ? 'tails' : 'builder';
}

const builderFolderOf = (profile: ProfileName): string =>
  profile === 'tails' ? TAILS.builderFolder : projectFiles.builderFolder;

/** The checkout; for a Tails-style one, what the variables of a CI system say is to be built of it. */
export async function inspectAsAsked(
  context: Context,
  directory: string,
  profile: ProfileName,
): Promise<Checkout> {
  const asked = profile === 'tails' ? askedByVariables(context.env) : undefined;
  return await inspectCheckout(directory, { asked, signal: context.signal });
}

export interface ConfigPlaces {
  readonly profile: ProfileName;
  /** The checkout, whose name is the default name of the project. */
  readonly topLevel: string;
  /** A builder directory: the checkout's, or a copy of the one in the commit that is built. */
  readonly folder: string;
  /** A folder that holds the project's IMAGE_SERIALS. */
  readonly imageFolder: string;
}

export async function readConfig(places: ConfigPlaces): Promise<Config> {
  return places.profile === 'tails' ? await readTails(places) : await readBuilder(places);
}

async function readTails({ topLevel, folder, imageFolder }: ConfigPlaces): Promise<Config> {
  const read = (path: string): Promise<string | undefined> => readIfThere(join(folder, path));
  const definition = await Promise.all(TAILS.definition.map(read));
  return tailsConfig({
    name: normaliseName(basename(topLevel)),
    topLevel,
    settings: (await read(TAILS.settings)) ?? '',
    definition: definition.filter((text) => text !== undefined),
    boxOrigins: await namesIn(join(folder, TAILS.serials)),
    imageOrigins: await namesIn(join(imageFolder, IMAGE_SERIALS)),
  });
}

async function readBuilder({ topLevel, folder }: ConfigPlaces): Promise<Config> {
  const text = await readIfThere(join(folder, projectFiles.config));
  if (text !== undefined) {
    const shown = join(projectFiles.builderFolder, projectFiles.config);
    return loadConfig(text, { file: shown, defaults: { name: normaliseName(basename(topLevel)) } });
  }
  const hasFolder = await stat(folder).then(
    () => true,
    () => false,
  );
  throw new MayflyError(
    'usage',
    'project.no-builder',
    hasFolder
      ? `The builder directory has no ${projectFiles.config}.`
      : `${topLevel} has no builder directory (${projectFiles.builderFolder}/), and is no Tails-style checkout (${TAILS.builderFolder}/).`,
    { hint: '`mayfly init DIRECTORY` makes a new project; copy its builder/ here to begin with.' },
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}

/** Uncommitted edits of the builder directory are used, and are seen in the label of the box. */
export const builderSource = (project: Project): 'commit' | 'worktree' =>
  project.folderState.dirty ? 'worktree' : 'commit';
