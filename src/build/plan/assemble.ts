/** Puts a plan together from what was read: the checkout, the builder directory, options, the host. */
import { inputsOf } from '../../basebox/create.js';
import { boxEpoch, boxLabel, fingerprint } from '../../basebox/recipe.js';
import { findBox } from '../../basebox/store.js';
import type { Config } from '../../config/config.js';
import { usesExternalProxy } from '../../config/options-rules.js';
import type { ResolvedOptions } from '../../config/options.js';
import { guestVariables } from '../../config/variables.js';
import { boxesFolder, cacheName } from '../../paths.js';
import { folderState, type SourcePreview } from '../../source/index.js';
import {
  allSources,
  fixesWarnings,
  movingWarnings,
  toldSerials,
  type PlannedArchive,
} from '../archive/origins.js';
import { missingWarnings } from '../archive/missing.js';
import { checkBranchRule, checkPinned } from '../archive/rules.js';
import { validityWarnings } from '../archive/validity.js';
import { chooseNetwork, proxyInGuest, proxyPlan } from '../archive/network.js';
import { artifactsFolder } from './artifacts-folder.js';
import { boxSpec, guestSources } from './box-spec.js';
import type { Context } from '../context.js';
import type { HostFacts } from './facts.js';
import type { BuildPlan } from './plan-type.js';
import type { PlanRequest } from './plan.js';
import { builderSource, type Project } from './project.js';
import type { VmRecord } from '../../vm/record.js';
import { memoryOf, type ChosenProvider } from './provider.js';

export interface Assembly {
  readonly context: Context;
  readonly request: PlanRequest;
  readonly project: Project;
  readonly facts: HostFacts;
  readonly provider: ChosenProvider;
  /** The VM that is used again: what nobody asked for is as it has it. */
  readonly kept: VmRecord | undefined;
  readonly preview: SourcePreview;
  /** Copy of the builder directory. */
  readonly folder: string;
  readonly config: Config;
  readonly resolved: ResolvedOptions;
  readonly archive: PlannedArchive;
  /** About the states that were chosen. */
  readonly warnings: readonly string[];
}

export async function assemblePlan(parts: Assembly): Promise<BuildPlan> {
  const { context, request, project, facts, provider, kept, preview, folder, config, resolved } = parts;
  const { checkout } = project;
  const { options } = resolved;
  const merged = preview.outcome.kind === 'merged';
  const state = merged
    ? await folderState(checkout, project.builderFolder, { at: preview, signal: context.signal })
    : project.folderState;
  const { archive } = parts;
  const spec = await boxSpec(config, archive, folder);
  const inputs = await inputsOf(spec);
  const id = fingerprint(inputs);
  const directory = await artifactsFolder(
    { topLevel: checkout.topLevel, directory: config.artifacts.directory },
    { cwd: context.cwd, asked: request.artifacts, variable: context.env['ARTIFACTS'] },
  );
  const { setup } = config.guest;
  // Scripts that set the proxy up themselves must reach it where the person's variable says.
  const opens = setup === 'scripts' && usesExternalProxy(options.proxy) ? 'open' : undefined;
  const network = chooseNetwork(config.vm.network ?? opens, archive);
  const isRelease = checkout.releaseTag !== undefined;
  const ref = { name: checkout.ref.name, base: checkout.baseBranch?.name, isRelease };
  checkBranchRule(config.archive.branches, ref, archive);
  checkPinned(archive, network, options.proxy);
  const ownProxy = usesExternalProxy(options.proxy) ? facts.httpProxy : undefined;
  const externalProxy = proxyInGuest(ownProxy, network);
  const proxy = proxyPlan(options.proxy, externalProxy);
  const environment = guestVariables(options, {
    prefix: config.build.variablesPrefix,
    environment: config.build.environment,
    httpProxy: externalProxy,
    gitRef: checkout.ref.name,
    gitCommit: preview.commit,
    baseBranchGitCommit: checkout.baseBranch?.commit ?? checkout.baseHead,
    featureBranchGitCommit: merged ? checkout.commit : undefined,
    aptSnapshotsSerials: toldSerials(archive),
    jenkinsUrl: nonEmpty(context.env['JENKINS_URL']),
    gitBranch: nonEmpty(context.env['GIT_BRANCH']),
  });
  return {
    schema: 1,
    project: {
      name: config.name,
      checkout: checkout.topLevel,
      profile: project.profile,
      builderFolder: project.builderFolder,
    },
    source: {
      ref: { kind: checkout.ref.kind, name: checkout.ref.name },
      commit: preview.commit,
      commitDate: preview.outcome.kind === 'merged' ? preview.outcome.commitDate : checkout.commitDate,
      featureCommit: checkout.commit,
      base:
        checkout.baseBranch === undefined
          ? undefined
          : { name: checkout.baseBranch.name, commit: checkout.baseBranch.commit },
      merged,
      releaseTag: checkout.releaseTag,
      dirty: checkout.dirty.map(({ path }) => path),
      builderFrom: builderSource(project),
    },
    box: {
      fingerprint: id,
      label: boxLabel({ ...spec, lastCommit: state.lastCommit, dirty: state.dirty }),
      exists: (await findBox(boxesFolder(context.home), id)) !== undefined,
      inputs,
      spec,
      epoch: boxEpoch(spec),
    },
    options,
    optionOrigins: resolved.origins,
    warnings: [
      ...resolved.warnings,
      ...parts.warnings,
      ...movingWarnings(archive),
      ...missingWarnings(archive, options.offline),
      ...validityWarnings(archive, new Date()),
      ...fixesWarnings(archive, network),
      ...provider.refused.map((reason) => `Not used: ${reason}.`),
      ...(state.dirty
        ? [
            'The builder directory has uncommitted changes: they are used, for the base box, the VM and its scripts.',
          ]
        : []),
    ],
    vm: {
      provider: provider.name,
      connection: provider.connection,
      accelerator: facts.accelerator.name,
      acceleratorReason: facts.accelerator.reason,
      memoryBytes: Math.max(memoryOf(config.vm, options), kept?.memoryBytes ?? 0),
      network,
      hostProxy: ownProxy,
      cpus: options.cpus ?? kept?.cpus ?? config.vm.cpus ?? facts.cpus,
      cpuModel: options.cpuModel ?? kept?.cpuModel,
      machineType: options.machineType ?? kept?.machineType,
      vagrantfile: provider.name === 'vagrant' ? config.vm.vagrantfile : undefined,
    },
    archive,
    guest: config.guest,
    caches: {
      // Scripts that find their disks by order count on the first one.
      packages:
        proxy.proxyInVm || setup === 'scripts'
          ? {
              name: cacheName(config.name, 'packages'),
              serial: 'mayfly-packages',
              bytes: config.caches.packages,
            }
          : undefined,
      website: options.cacheWebsite
        ? { name: cacheName(config.name, 'website'), serial: 'mayfly-website', bytes: config.caches.website }
        : undefined,
    },
    apt: {
      ...proxy,
      sources: guestSources(config, allSources(archive, 'box')),
      imageSources: guestSources(config, allSources(archive, 'image')),
    },
    scripts: {
      provision: config.build.provision,
      build: config.build.script,
      timeoutSeconds: request.timeoutSeconds ?? config.build.timeout,
    },
    ramKib: options.ram ? Math.floor(config.vm.buildMemory / 1024) : undefined,
    environment:
      setup === 'scripts'
        ? environment
        : {
            ...environment,
            SOURCE_DATE_EPOCH: String(
              preview.outcome.kind === 'merged' ? preview.outcome.commitDate : checkout.commitDate,
            ),
            MAYFLY_NAME: config.name,
            MAYFLY_DISTRIBUTION: config.basebox.distribution,
          },
    artifacts: {
      patterns: config.artifacts.patterns,
      from: config.artifacts.from,
      directory,
    },
  };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
