/** The project that a command was typed in: its checkout and its builder directory, as they will be built. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../../config/config.js';
import { normaliseName } from '../../config/defaults.js';
import { loadConfig } from '../../config/load.js';
import { hasCode, MayflyError } from '../../errors.js';
import { projectFiles } from '../../paths.js';
import { folderState, inspectCheckout, type Checkout, type FolderState } from '../../source/index.js';
import type { Context } from '../context.js';

export interface Project {
  readonly checkout: Checkout;
  /** Relative to the top of the checkout. */
  readonly builderFolder: string;
  readonly folderState: FolderState;
  readonly config: Config;
}

/** @throws MayflyError `project.no-builder` and those of the checkout and of builder.yaml */
export async function openProject(context: Context): Promise<Project> {
  const checkout = await inspectCheckout(context.cwd, { signal: context.signal });
  const builderFolder = projectFiles.builderFolder;
  const config = await readConfig(join(checkout.topLevel, builderFolder), checkout.topLevel);
  const state = await folderState(checkout, builderFolder, { signal: context.signal });
  return { checkout, builderFolder, folderState: state, config };
}

/**
 * @param folder a builder directory: the checkout's, or a copy of the one in the commit that is built
 * @param topLevel the checkout, whose name is the default name of the project
 */
export async function readConfig(folder: string, topLevel: string): Promise<Config> {
  const file = join(folder, projectFiles.config);
  try {
    const text = await readFile(file, 'utf8');
    const shown = join(projectFiles.builderFolder, projectFiles.config);
    return loadConfig(text, { file: shown, defaults: { name: normaliseName(basename(topLevel)) } });
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    const hasFolder = await stat(folder).then(
      () => true,
      () => false,
    );
    throw new MayflyError(
      'usage',
      'project.no-builder',
      hasFolder
        ? `The builder directory has no ${projectFiles.config}.`
        : `${topLevel} has no builder directory (${projectFiles.builderFolder}/).`,
      { hint: '`mayfly init DIRECTORY` makes a new project; copy its builder/ here to begin with.' },
    );
  }
}

/** Uncommitted edits of the builder directory are used, and are seen in the label of the box. */
export const builderSource = (project: Project): 'commit' | 'worktree' =>
  project.folderState.dirty ? 'worktree' : 'commit';
