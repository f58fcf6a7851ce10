/** Fetches artifacts from a VM that was kept. */
import type { Artifact } from '../../artifacts/collect.js';
import { MayflyError } from '../../errors.js';
import { scratchFolder } from '../../paths.js';
import { makeScratch } from '../../process/scratch.js';
import { collect, publishArtifacts, type Collected } from './bring-out.js';
import { describeFetched } from './describe.js';
import { ResultsFolder } from './folder.js';
import { withCleanUp } from '../clean-up.js';
import type { Context } from '../context.js';
import { makePlan, type BuildPlan } from '../plan/plan.js';
import { findVm, withVm } from '../vm/commands.js';

export interface Fetched {
  readonly directory: string;
  readonly artifacts: readonly Artifact[];
}

/** @throws MayflyError `artifacts.none` when the VM has none */
export async function fetchArtifacts(context: Context, directory: string | undefined): Promise<Fetched> {
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const plan = await makePlan(context, {
    flags: {},
    artifacts: directory,
    allowDirty: true,
    scripts: [],
    scratch: scratch.path,
  });
  const to = plan.artifacts.directory;
  await using results = new ResultsFolder(context.home);
  const artifacts = await withVm(context, await findVm(context, undefined), async (builder) => {
    const options = { signal: context.signal, onLine: () => undefined };
    const collected = await collect(plan, builder, options);
    if (collected.offers.length > 0) {
      const onWait = (text: string): void => {
        context.report({ type: 'notice', level: 'info', text });
      };
      await results.take(to, { signal: context.signal, onWait });
    }
    return await publishFetched(context, plan, collected);
  });
  if (artifacts.length === 0) {
    throw new MayflyError(
      'script',
      'artifacts.none',
      `The VM has no file that matches ${plan.artifacts.patterns.join(', ')}.`,
    );
  }
  return { directory: to, artifacts };
}

/**
 * What lies beside the artifacts is put right also when some of them could not be taken. The caller holds the folder.
 */
export async function publishFetched(
  context: Context,
  plan: BuildPlan,
  collected: Collected,
): Promise<readonly Artifact[]> {
  const taken: Artifact[] = [];
  return await withCleanUp(
    context.report,
    () =>
      publishArtifacts(plan, collected, context.signal, (event) => {
        if (event.type === 'artifact') {
          const { name, bytes, sha256 } = event;
          taken.push({ name, bytes, sha256 });
        }
        context.report(event);
      }),
    async (cleanUp) => {
      if (taken.length === 0) return;
      const { directory } = plan.artifacts;
      await cleanUp.attempt(`What is beside the artifacts in ${directory} may be of others`, () =>
        describeFetched(context, directory, taken),
      );
    },
  );
}
