/** What happens inside the VM: provisioning, the build script, and what it left behind. */
import { join } from 'node:path';
import { isAborted, MayflyError, messageOf } from '../errors.js';
import { runBuild } from '../guest/build.js';
import { buildFiles } from '../paths.js';
import { deadline } from '../process/deadline.js';
import { formatBytes } from '../report/format.js';
import { collect, type Collected } from './results/bring-out.js';
import type { BuilderVm } from './vm/builder-vm.js';
import type { Context } from './context.js';
import { guestSettings, scriptEnvironment } from './plan/guest-environment.js';
import type { Journal } from './record/journal.js';
import type { BuildPlan } from './plan/plan.js';
import { provisionVm } from './vm/provision.js';

/** The project's build script failed; `exitCode` is its own. */
export class ScriptFailed extends MayflyError {
  constructor(
    readonly exitCode: number,
    log: string,
    /** A folder of the VM whose file system has no room left. */
    full?: string,
  ) {
    const failed = `The build script failed with exit code ${exitCode}`;
    const isFull = full !== undefined;
    super(
      'script',
      isFull ? 'build.disk-full' : 'build.failed',
      isFull ? `${failed}, and the VM has no room left at ${full}.` : `${failed}.`,
      {
        log,
        hint: isFull
          ? 'Make its disk larger (basebox.disk in builder.yaml), or, for a build in RAM, its memory (vm.build_memory).'
          : '--rescue keeps the VM after a failure: look inside with `mayfly vm ssh`.',
      },
    );
  }
}

export interface Witness {
  /** Called when the build script has succeeded; what it throws is a failure of the build. */
  readonly onBuilt: () => Promise<void>;
  /** Told what the guest made, after a failed build too. */
  readonly onCollected: (collected: Collected) => void;
}

/** Everything inside the VM. */
export async function workInVm(
  context: Context,
  journal: Journal,
  plan: BuildPlan,
  builder: BuilderVm,
  { onBuilt, onCollected }: Witness,
): Promise<void> {
  await provisionVm(context, journal, plan, builder);
  let failure: Error | undefined;
  try {
    await journal.step('build', 'Building', (say) =>
      buildInGuest(context, journal, plan, builder, say.output),
    );
    await onBuilt();
  } catch (error) {
    if (isAborted(context.signal) || builder.vm.exit !== undefined || !(error instanceof Error)) throw error;
    failure = error;
  }
  // Those that exist come out after a failed build too; then a missing one is no news.
  try {
    await journal.step('artifacts', 'Fetching artifacts', async (say) => {
      const collected = await collect(plan, builder, { signal: context.signal, onLine: say.output });
      if (collected.offers.length === 0 && failure === undefined) throw noArtifact(plan);
      const bytes = collected.offers.reduce((sum, offer) => sum + offer.bytes, 0);
      say.summary(`${collected.offers.length}, ${formatBytes(bytes)}`);
      onCollected(collected);
    });
  } catch (error) {
    if (failure === undefined) throw error;
    warnOfMissing(journal, error);
  }
  if (failure !== undefined) throw failure;
}

/** The build has failed already: that its artifacts are lost too is only said. */
function warnOfMissing(journal: Journal, error: unknown): void {
  const text = `No artifacts of the failed build: ${messageOf(error)}`;
  journal.tell({ type: 'notice', level: 'warning', text });
}

async function buildInGuest(
  context: Context,
  journal: Journal,
  plan: BuildPlan,
  builder: BuilderVm,
  onLine: (line: string, stream: 'stdout' | 'stderr') => void,
): Promise<void> {
  const seconds = plan.scripts.timeoutSeconds;
  using limit = deadline(seconds === undefined ? undefined : seconds * 1000, context.signal);
  const offsetSeconds = plan.options.dateOffset * 24 * 3600;
  const request = {
    script: plan.scripts.build,
    commit: plan.source.commit,
    refKind: plan.source.ref.kind,
    refName: plan.source.ref.name,
    ramKib: plan.ramKib,
    // Scripts that set the VM up move the clock themselves.
    now: Math.floor(Date.now() / 1000) + (plan.guest.setup === 'scripts' ? 0 : offsetSeconds),
    results: { patterns: plan.artifacts.patterns, from: plan.artifacts.from },
    environment: scriptEnvironment(plan, 'build'),
  };
  try {
    const { exitCode, full } = await runBuild(builder.guest, guestSettings(plan), request, {
      signal: limit.signal,
      onLine,
    });
    if (exitCode !== 0) throw new ScriptFailed(exitCode, join(journal.folder, buildFiles.log), full);
  } catch (error) {
    if (limit.expired) {
      throw new MayflyError(
        'script',
        'build.timeout',
        `The build script did not finish within ${seconds ?? 0} s.`,
        {
          log: join(journal.folder, buildFiles.log),
          hint: 'Give it more time: --timeout, or build.timeout in builder.yaml.',
        },
      );
    }
    throw error;
  }
}

function noArtifact(plan: BuildPlan): MayflyError {
  return new MayflyError('script', 'artifacts.none', 'The build script succeeded, but left no artifact.', {
    hint: `Looked for ${plan.artifacts.patterns.join(', ')} in ${plan.artifacts.from} in the VM (artifacts.patterns in builder.yaml).`,
  });
}
