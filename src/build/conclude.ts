/**
 * How a build ends, once the work in its VM is over: its console is kept, the VM goes or stays, and what it made is
 * published. Each of these is tried, whatever became of the ones before it.
 */
import { access, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAborted, messageOf, throwIfAborted } from '../errors.js';
import { finish } from '../guest/build.js';
import { KEPT_DISK } from '../paths.js';
import type { MayflyEvent } from '../report/events.js';
import { CleanUp } from './clean-up.js';
import type { Context } from './context.js';
import type { BuildPlan } from './plan/plan.js';
import type { Journal } from './record/journal.js';
import type { BuildProgress } from './record/so-far.js';
import { publishArtifacts, setAside, type Collected } from './results/bring-out.js';
import type { ResultsFolder } from './results/folder.js';
import type { BuilderVm } from './vm/builder-vm.js';
import { copyLogs } from './vm/logs.js';
import { destroyBuilderVm, keepBuilderVm, notKept, notRemoved } from './vm/end.js';

export interface Work {
  readonly context: Context;
  readonly journal: Journal;
  readonly progress: BuildProgress;
  readonly plan: BuildPlan;
  /** Taken before the first artifact is there. The caller lets it go once the record is there too. */
  readonly results: ResultsFolder;
  readonly builder: BuilderVm;
  /** The VM is one that an earlier command kept. */
  readonly reused: boolean;
  /** The work failed: the caller throws why. */
  readonly failed: boolean;
  /** The VM is to go on without us. */
  readonly keep: boolean;
  readonly collected: Collected | undefined;
}

/**
 * What goes wrong here fails a build whose work succeeded. After a failure it is only told: what failed first counts.
 * @returns whether the VM is kept
 */
export async function conclude(work: Work): Promise<boolean> {
  const { context, journal, builder, failed } = work;
  const cleanUp = new CleanUp(journal.tell);
  const { id } = builder.record;
  await copyLogs(journal, builder);
  let { collected } = work;
  const kept =
    work.keep &&
    (await mayStay(work)) &&
    (await cleanUp.attempt(notKept(id), () => keepBuilderVm(builder))) !== undefined;
  if (kept) {
    const text = `The VM ${id} is kept. Get in: mayfly vm ssh. End it: mayfly vm destroy.`;
    journal.tell({ type: 'notice', level: 'info', text });
  } else {
    const inVm = collected;
    const aside =
      inVm &&
      (await cleanUp.attempt('What the build made is lost with its VM', () =>
        setAside(inVm, journal.folder, context.signal),
      ));
    const gone = await cleanUp.attempt(notRemoved(id), () =>
      journal.step('destroy', 'Destroying the VM', () => destroyBuilderVm(context, builder, journal.tell)),
    );
    // A VM that is perhaps still there may write to its disk: then no file is made of that disk itself.
    collected = aside && { ...aside.value, inUse: gone === undefined };
  }
  const made = collected;
  if (made !== undefined && isAborted(context.signal)) {
    // Nobody waits for it any more.
    if (!made.inUse && !kept) await rm(made.disk, { force: true });
  } else if (made !== undefined) {
    await cleanUp.attempt('No artifacts of the failed build', () => publish(work, made, kept));
  }
  cleanUp.settle(failed);
  if (!failed) throwIfAborted(context.signal);
  return kept;
}

/**
 * Has the guest tidy up before its VM goes on without us. An interrupted command leaves no VM behind, but for one that
 * was there before it, or that is to be looked into after a failure.
 */
async function mayStay({ context, journal, plan, builder, reused, failed }: Work): Promise<boolean> {
  try {
    const request = { keepBuild: plan.options.rescue, unmount: false };
    await finish(builder.guest, request, { signal: context.signal, onLine: () => undefined });
  } catch (error) {
    if (!isAborted(context.signal)) {
      const text = `The VM ${builder.record.id} could not be tidied up: ${messageOf(error)}`;
      journal.tell({ type: 'notice', level: 'warning', text });
    }
  }
  if (builder.vm.exit !== undefined) return false;
  return failed || reused || !isAborted(context.signal);
}

/** Checks what came out and puts it into the folder of results, which is ours alone from then on. */
async function publish(
  { context, journal, progress, plan, results }: Work,
  collected: Collected,
  kept: boolean,
): Promise<void> {
  try {
    await journal.step('publish', 'Checking artifacts', async (say) => {
      const told = (event: MayflyEvent): void => {
        if (event.type === 'artifact') progress.artifacts.push(event);
        journal.tell(event);
      };
      if (collected.offers.length > 0) {
        const { signal } = context;
        await results.take(plan.artifacts.directory, { signal, onWait: say.progress });
      }
      await publishArtifacts(plan, collected, context.signal, told);
      say.summary(`${progress.artifacts.length} in ${plan.artifacts.directory}`);
    });
    if (!kept) await rm(collected.disk, { force: true });
  } catch (error) {
    if (!kept && (await exists(collected.disk))) {
      const disk = join(journal.folder, KEPT_DISK);
      await rename(collected.disk, disk);
      const text = `The disk that holds what the build made is kept: ${disk}. Remove it when you are done.`;
      journal.tell({ type: 'notice', level: 'warning', text });
    }
    throw error;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
