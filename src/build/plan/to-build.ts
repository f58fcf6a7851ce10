/**
 * What a build of the checkout is made from, found without building: the commit, with the base branch
 * merged into it where a build does so, and the builder directory, settings and serials of that very commit.
 */
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import type { FlagValues } from '../../config/options-flags.js';
import { MayflyError } from '../../errors.js';
import {
  materializeFolder,
  mergeConflictError,
  refuseDirty,
  withPreview,
  type SourcePreview,
} from '../../source/index.js';
import { IMAGE_SERIALS } from '../archive/plan.js';
import type { Context } from '../context.js';
import type { OptionFacts } from './facts.js';
import { optionsFor } from './options.js';
import { builderSource, openProject, readConfig, type Project } from './project.js';

export interface SourceRequest {
  readonly flags: FlagValues;
  /** Absolute paths of files that the command itself writes: no uncommitted changes. */
  readonly ownFiles?: readonly string[];
  /** Scratch folder, the caller's. */
  readonly scratch: string;
  /** Commands that only need the VM do not mind uncommitted changes. Default false. */
  readonly allowDirty?: boolean;
}

export interface ToBuild<Facts extends OptionFacts> {
  readonly facts: Facts;
  /** As it is checked out: its settings may be others after the merge. */
  readonly project: Project;
  readonly preview: SourcePreview;
  /** A copy of the builder directory. */
  readonly folder: string;
  /** A folder that holds the project's IMAGE_SERIALS. */
  readonly imageFolder: string;
  /** The settings that a build has. */
  readonly config: Config;
}

/** What is handed to `use` is gone afterwards. */
export async function withSourceToBuild<Facts extends OptionFacts, T>(
  context: Context,
  request: SourceRequest,
  readFacts: (env: Context['env']) => Promise<Facts>,
  use: (source: ToBuild<Facts>) => Promise<T>,
): Promise<T> {
  const project = await openProject(context, request);
  const facts = await readFacts(context.env);
  // Options decide whether a merge happens; the merge may change builder.yaml. The person's own
  // builder.yaml decides the first, the merged one everything else.
  const { options } = optionsFor(project.config, project, facts, context, request);
  if (!options.ignoreChanges && request.allowDirty !== true) refuseDirty(project.checkout);
  refuseOtherBranch(project, context);
  // The scripts of a Tails-style checkout read its name too, whether it is merged or not.
  if (options.mergeBaseBranch || project.profile === 'tails') checkBaseBranch(project);
  return await withPreview(
    project.checkout,
    { merge: options.mergeBaseBranch, signal: context.signal, scratch: request.scratch },
    async (preview) => {
      if (preview.outcome.kind === 'conflict') throw mergeConflictError(preview.outcome);
      const folder = join(request.scratch, 'builder');
      await readBuilderFolder(context, project, preview, folder, request.scratch);
      const imageFolder = await readImageSerials(context, project, preview, request.scratch);
      const { profile, checkout } = project;
      const config = await readConfig({ profile, topLevel: checkout.topLevel, folder, imageFolder });
      return await use({ facts, project, preview, folder, imageFolder, config });
    },
  );
}

async function readBuilderFolder(
  context: Context,
  project: Project,
  preview: SourcePreview,
  destination: string,
  scratch: string,
): Promise<void> {
  await materializeFolder({
    scratch,
    checkout: project.checkout,
    share: preview,
    folder: project.builderFolder,
    destination,
    from: builderSource(project),
    signal: context.signal,
  });
}

/** The image's serials are read from the commit that is built. @returns a folder that holds their directory */
async function readImageSerials(
  context: Context,
  project: Project,
  preview: SourcePreview,
  scratch: string,
): Promise<string> {
  const folder = join(scratch, 'image-serials');
  await materializeFolder({
    scratch,
    checkout: project.checkout,
    share: preview,
    folder: IMAGE_SERIALS,
    destination: join(folder, IMAGE_SERIALS),
    from: 'commit',
    optional: true,
    signal: context.signal,
  });
  return folder;
}

/** On Jenkins, the branch it asked for must be the one that is checked out, unless a tag is built. */
function refuseOtherBranch(project: Project, context: Context): void {
  const { JENKINS_URL: jenkins = '', GIT_BRANCH: asked = '' } = context.env;
  if (jenkins === '' || asked === '') return;
  const { ref, releaseTag } = project.checkout;
  const branch = asked.replace(/^origin\//, '');
  if (releaseTag !== undefined || branch === ref.name) return;
  throw new MayflyError(
    'refused',
    'source.other-branch',
    `Jenkins asked for the branch ${branch}, but ${ref.name} is checked out.`,
    {
      hint: 'Let the job check out the branch by name (in the Git plug-in: "Check out to matching local branch").',
    },
  );
}

function checkBaseBranch(project: Project): void {
  const { baseBranch, missingBaseBranch } = project.checkout;
  const name = baseBranch?.name ?? missingBaseBranch;
  const allowed = project.config.build.baseBranches;
  if (name === undefined || allowed.includes(name)) return;
  // There the names are fixed.
  const way =
    project.profile === 'tails'
      ? ''
      : ' Add it to build.base_branches in builder.yaml, or pass --no-merge-base-branch.';
  throw new MayflyError(
    'usage',
    'source.base-branch-unknown',
    `config/base_branch names ${name}, which is not among build.base_branches.`,
    { hint: `Allowed are: ${allowed.join(', ')}.${way}` },
  );
}
