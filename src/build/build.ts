/**
 * The story of one build. Read it from top to bottom: reap, plan, source, box, VM, provision,
 * build, artifacts, the end of the VM, and what came out of it. Each step is told to the journal, and whatever was made
 * is undone in reverse order, however the build ends.
 */
import { join } from 'node:path';
import type { Artifact } from '../artifacts/collect.js';
import { firstError, hostError, interruption, isAborted, MayflyError } from '../errors.js';
import { buildsFolder, scratchFolder } from '../paths.js';
import { makeScratch } from '../process/scratch.js';
import type { Collected } from './results/bring-out.js';
import { ResultsFolder } from './results/folder.js';
import { openArchive } from './archive/serve.js';
import { notePlanned } from './archive/note-checkout.js';
import { noteUsed } from './archive/note-used.js';
import { conclude } from './conclude.js';
import { copyLogs, withLog } from './vm/logs.js';
import type { Context } from './context.js';
import { beginLog } from './record/about.js';
import { Journal } from './record/journal.js';
import { obtainVm } from './vm/obtain.js';
import { inProjectWords } from './plan/project-words.js';
import { makePlan, type PlanRequest } from './plan/plan.js';
import type { BuildProgress } from './record/so-far.js';
import { publishRecord } from './record/write.js';
import { reapLeftovers } from './reap.js';
import { stoppable } from './stoppable.js';
import { newBuildId } from './record/with-journal.js';
import { workInVm } from './work-in-vm.js';

export interface BuildRequest extends Omit<PlanRequest, 'scratch'> {
  readonly bootTimeoutMs?: number | undefined;
  readonly version: string;
}

export interface BuildResult {
  readonly folder: string;
  readonly artifactsDirectory: string;
  readonly artifacts: readonly Artifact[];
  readonly keptVm: string | undefined;
}

/**
 * Builds the project that the context's folder is in.
 * @throws MayflyError; the build's folder then holds its record and every log
 */
export async function build(context: Context, request: BuildRequest): Promise<BuildResult> {
  const startedAt = new Date();
  const id = newBuildId(startedAt);
  const folder = join(buildsFolder(context.home), id);
  // A build whose log cannot be written must not go on: no log is ever lost.
  using stop = stoppable(context.signal);
  using journal = new Journal(folder, context.report, (error) => {
    stop.stop(hostError(error) ?? error);
  });
  const progress: BuildProgress = {
    id,
    startedAt,
    plan: undefined,
    box: undefined,
    vm: undefined,
    served: [],
    cached: [],
    outside: new Set(),
    artifacts: [],
  };
  // Until the record is there: what is in the folder is of one build.
  await using results = new ResultsFolder(context.home);
  let failure: unknown;
  let keptVm: string | undefined;
  try {
    await beginLog(folder, context.cwd);
    const own = { ...context, report: journal.tell, signal: stop.signal };
    keptVm = await tell(own, request, journal, progress, results);
  } catch (error) {
    const first = isAborted(stop.signal) ? interruption(stop.signal) : firstError(error);
    failure = await inProjectWords(first, context.cwd);
  }
  let artifactsDirectory = folder;
  try {
    artifactsDirectory = await publishRecord(journal, progress, request.version, failure);
  } catch (error) {
    // What went wrong first is what matters.
    failure ??= error;
  }
  if (failure !== undefined) throw withLog(failure, folder);
  return { folder, artifactsDirectory, artifacts: progress.artifacts, keptVm };
}

/** The steps. @returns the id of the VM when it was kept */
async function tell(
  context: Context,
  request: BuildRequest,
  journal: Journal,
  progress: BuildProgress,
  results: ResultsFolder,
): Promise<string | undefined> {
  await journal.step('reap', 'Looking for leftovers', async (say) => {
    if ((await reapLeftovers(context, journal.tell)).length === 0) say.reused();
  });

  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const plan = await journal.step('plan', 'Planning', async () => {
    const made = await makePlan(context, {
      ...request,
      scratch: scratch.path,
      refresh: true,
      tryProvider: true,
    });
    await notePlanned(context, made);
    return made;
  });
  progress.plan = plan;
  journal.tell({
    type: 'build-started',
    build: progress.id,
    project: plan.project.name,
    ref: plan.source.ref.name,
    commit: plan.source.commit,
  });
  for (const text of plan.warnings) journal.tell({ type: 'notice', level: 'warning', text });

  await using archive = await openArchive(context, plan.archive, plan.options.offline, journal.tell);
  progress.served = archive.served;
  progress.outside = archive.outside;
  const { builder, reused } = await obtainVm({
    context,
    journal,
    plan,
    archive,
    mayOutliveUs: plan.options.keepRunning || plan.options.rescue,
    bootTimeoutMs: request.bootTimeoutMs,
    onVm: (vm, reused) => (progress.vm = { id: vm, reused }),
    onBox: (box) => (progress.box = box),
    beforeRemoval: (failed) => copyLogs(journal, failed),
  });
  const work = { context, journal, progress, plan, results, builder, reused };
  const mayStay = (): boolean => !isAborted(context.signal) && builder.vm.exit === undefined;
  let collected: Collected | undefined;
  try {
    await workInVm(context, journal, plan, builder, {
      onBuilt: async () => {
        progress.cached = await noteUsed(context, plan, builder, archive);
      },
      onCollected: (all) => (collected = all),
    });
  } catch (error) {
    // A VM that is refused to this build may still serve the one that it was kept for.
    const isRefused = error instanceof MayflyError && error.code === 'guest.wrong-branch';
    const keep = (plan.options.rescue || (reused && isRefused)) && mayStay();
    await conclude({ ...work, failed: true, keep, collected });
    throw error;
  }
  const keep = plan.options.keepRunning && mayStay();
  const kept = await conclude({ ...work, failed: false, keep, collected });
  return kept ? builder.record.id : undefined;
}
