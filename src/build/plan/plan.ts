/**
 * What a build will do, as one value: `mayfly plan` prints it, `mayfly build` executes it, the
 * build record holds it. Finding it out changes nothing: the base branch is merged in a scratch repository, the builder directory is read from the
 * commit that will be built.
 */
import type { ProviderChoice } from '../../config/providers.js';
import type { Context } from '../context.js';
import { assemblePlan } from './assemble.js';
import { readHostFacts, type HostFacts } from './facts.js';
import { optionsForVm } from './options.js';
import type { BuildPlan } from './plan-type.js';
import { factsOfHost, planProvider } from './provider.js';
import { checkPostinstall, checkScripts, type ScriptField } from './scripts.js';
import { statesToBuild } from './states.js';
import { withSourceToBuild, type SourceRequest } from './to-build.js';

export type { BuildPlan, PlannedCache } from './plan-type.js';

export interface PlanRequest extends SourceRequest {
  /** `--artifacts`; else the variable ARTIFACTS, else builder.yaml. */
  readonly artifacts?: string | undefined;
  /** `--timeout`, seconds; else builder.yaml. */
  readonly timeoutSeconds?: number | undefined;
  /** `--provider`; else that of the VM that is kept, else builder.yaml. */
  readonly provider?: ProviderChoice | undefined;
  /** Try whether the provider works, and choose another where that is allowed. Default false: a VM is not started. */
  readonly tryProvider?: boolean;
  /** What the command runs of them: they must be there. Default: both. */
  readonly scripts?: readonly ScriptField[];
  /** Find out the newest state of origins at `latest`. Default false: what is known here already. */
  readonly refresh?: boolean;
  /** `--snapshots`: a tag of the local archive, to build from what it keeps. */
  readonly snapshots?: string | undefined;
  /** Refuse a stored state that a build would refuse, and tell what is not stored, also where none follows. Default false. */
  readonly checkStates?: boolean;
}

/** @param readFacts of this host */
export async function makePlan(
  context: Context,
  request: PlanRequest,
  readFacts: (env: Context['env']) => Promise<HostFacts> = readHostFacts,
): Promise<BuildPlan> {
  return await withSourceToBuild(context, request, readFacts, async (source) => {
    const { facts: local, project, preview, folder, config } = source;
    // Those of a Tails-style checkout are its own affair.
    if (project.profile === 'builder') {
      const { name } = project.checkout.ref;
      await checkPostinstall(folder, config);
      await checkScripts(folder, config, name, request.scripts ?? ['provision', 'script']);
    }
    const here = await optionsForVm(config, project, local, context, request);
    const { kept } = here;
    const warnings: string[] = [];
    const archive = await statesToBuild(context, source, {
      strict: request.refresh === true,
      check: request.checkStates === true,
      offline: here.resolved.options.offline,
      tag: request.snapshots,
      warn: (text) => warnings.push(text),
    });
    const provider = await planProvider(context, request, kept, config, here.resolved, local);
    const facts = await factsOfHost(context, provider, local);
    // Whether there is memory to build in, the host says that runs the VM.
    const { resolved } =
      facts === local ? here : await optionsForVm(config, project, facts, context, request);
    return await assemblePlan({
      context,
      request,
      project,
      provider,
      kept: kept?.record,
      facts,
      preview,
      folder,
      config,
      resolved,
      archive,
      warnings,
    });
  });
}
