/**
 * What a build will do, as one value: `mayfly plan` prints it, `mayfly build` executes it, the
 * build record holds it. Finding it out changes nothing, but that the local archive notes who uses
 * it: the base branch is merged in a scratch repository, the builder directory is read from the
 * commit that will be built.
 */
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import type { ProviderChoice } from '../../config/providers.js';
import { resolveOptions } from '../../config/options.js';
import type { FlagValues } from '../../config/options-flags.js';
import { MayflyError } from '../../errors.js';
import {
  materializeFolder,
  mergeConflictError,
  refuseDirty,
  withPreview,
  type SourcePreview,
} from '../../source/index.js';
import { notePlanned } from '../archive/note-checkout.js';
import { IMAGE_SERIALS, planArchive } from '../archive/plan.js';
import type { Release } from '../archive/release.js';
import { refuseExpired } from '../archive/validity.js';
import { assemblePlan } from './assemble.js';
import type { Context } from '../context.js';
import { readHostFacts, type HostFacts } from './facts.js';
import { acceleratorOf, memoryOf, planProvider } from './provider.js';
import { findKeptVm } from '../vm/kept.js';
import type { BuildPlan } from './plan-type.js';
import { checkPostinstall, checkScripts, type ScriptField } from './scripts.js';
import { builderSource, openProject, readConfig, type Project } from './project.js';

export type { BuildPlan, PlannedCache } from './plan-type.js';

export interface PlanRequest {
  readonly flags: FlagValues;
  /** `--artifacts`; else the variable ARTIFACTS, else builder.yaml. */
  readonly artifacts?: string | undefined;
  /** Absolute paths of files that the command itself writes: no uncommitted changes. */
  readonly ownFiles?: readonly string[];
  /** `--timeout`, seconds; else builder.yaml. */
  readonly timeoutSeconds?: number | undefined;
  /** `--provider`; else that of the VM that is kept, else builder.yaml. */
  readonly provider?: ProviderChoice | undefined;
  /** Try whether the provider works, and choose another where that is allowed. Default false: a VM is not started. */
  readonly tryProvider?: boolean;
  /** Scratch folder, the caller's. */
  readonly scratch: string;
  /** Commands that only need the VM do not mind uncommitted changes. Default false. */
  readonly allowDirty?: boolean;
  /** What the command runs of them: they must be there. Default: both. */
  readonly scripts?: readonly ScriptField[];
  /** Find out the newest state of origins at `latest`. Default false: what is known here already. */
  readonly refresh?: boolean;
  /** `--snapshots`: a tag of the local archive, to build from what it keeps. */
  readonly snapshots?: string | undefined;
  /** Refuse a stored state that a build would refuse, also where none follows. Default false. */
  readonly checkStates?: boolean;
}

export async function makePlan(context: Context, request: PlanRequest): Promise<BuildPlan> {
  const project = await openProject(context, request.ownFiles);
  const facts = await readHostFacts(context.env);
  // Options decide whether a merge happens; the merge may change builder.yaml. The person's own
  // builder.yaml decides the first, the merged one everything else.
  const first = optionsFor(project.config, project, facts, context, request);
  if (!first.options.ignoreChanges && request.allowDirty !== true) refuseDirty(project.checkout);
  refuseOtherBranch(project, context);
  checkBaseBranch(project);
  return await withPreview(
    project.checkout,
    { merge: first.options.mergeBaseBranch, signal: context.signal, scratch: request.scratch },
    async (preview) => {
      if (preview.outcome.kind === 'conflict') throw mergeConflictError(preview.outcome);
      const folder = join(request.scratch, 'builder');
      await readBuilderFolder(context, project, preview, folder, request.scratch);
      const imageFolder = await readImageSerials(context, project, preview, request.scratch);
      const { profile, checkout } = project;
      const config = await readConfig({ profile, topLevel: checkout.topLevel, folder, imageFolder });
      // Those of a Tails-style checkout are its own affair.
      if (profile === 'builder') {
        await checkPostinstall(folder, config);
        await checkScripts(folder, config, checkout.ref.name, request.scripts ?? ['provision', 'script']);
      }
      const { resolved, kept } = await optionsForVm(config, project, facts, context, request);
      const warnings: string[] = [];
      const archive = await planArchive({
        context,
        config,
        builderFolder: folder,
        imageFolder,
        strict: request.refresh === true,
        check: request.checkStates === true,
        offline: resolved.options.offline,
        release: releaseOf(project),
        tag: request.snapshots,
        warn: (text) => warnings.push(text),
      });
      await notePlanned(context, checkout.topLevel, archive);
      if (request.refresh === true) refuseExpired(archive, new Date());
      const provider = await planProvider(context, request, kept, config, resolved.options);
      const accelerator = await acceleratorOf(context, provider, facts.accelerator);
      return await assemblePlan({
        ...{
          context,
          request,
          project,
          provider,
          kept: kept?.record,
          facts: { ...facts, accelerator },
          preview,
          folder,
          config,
          resolved,
          archive,
          warnings,
        },
      });
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

function optionsFor(
  config: Config,
  project: Project,
  facts: HostFacts,
  context: Context,
  request: PlanRequest,
) {
  return resolveOptions({
    flags: request.flags,
    environment: context.env,
    config,
    facts: {
      releasing: project.checkout.releaseTag !== undefined,
      availableMemory: facts.availableMemory,
      httpProxy: facts.httpProxy,
      memory: config.vm.memory,
      buildMemory: config.vm.buildMemory,
    },
  });
}

/** Whether to build in RAM is free for choice: then not in a VM that is kept and too small for it. */
async function optionsForVm(
  config: Config,
  project: Project,
  facts: HostFacts,
  context: Context,
  request: PlanRequest,
) {
  const resolved = optionsFor(config, project, facts, context, request);
  const { options, origins } = resolved;
  const kept = options.forceCleanup ? undefined : await findKeptVm(context, project.checkout.topLevel);
  if (kept === undefined || origins.ram !== 'default') return { resolved, kept };
  if (kept.record.memoryBytes >= memoryOf(config.vm, options)) return { resolved, kept };
  const onDisk = optionsFor(config, project, { ...facts, availableMemory: 0 }, context, request);
  return { resolved: onDisk, kept };
}

function releaseOf({ checkout }: Project): Release | undefined {
  const { releaseTag, commit } = checkout;
  return releaseTag === undefined ? undefined : { tag: releaseTag, commit };
}

/** On Jenkins, the branch it asked for must be the one that is checked out, unless a tag is built. */
function refuseOtherBranch(project: Project, context: Context): void {
  const asked = context.env['GIT_BRANCH'];
  if (context.env['JENKINS_URL'] === undefined || asked === undefined) return;
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
  throw new MayflyError(
    'usage',
    'source.base-branch-unknown',
    `config/base_branch names ${name}, which is not among build.base_branches.`,
    {
      hint: `Allowed are: ${allowed.join(', ')}.`,
    },
  );
}
