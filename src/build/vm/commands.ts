/** The builder VM of a checkout, as commands of their own: up, provision, halt, destroy, status. */
import { MayflyError } from '../../errors.js';
import { scratchFolder, vmsFolder } from '../../paths.js';
import { makeScratch } from '../../process/scratch.js';
import { findPlaces } from '../../source/index.js';
import { listVms, type KnownVm } from '../../vm/registry.js';
import { adoptBuilderVm } from './adopt.js';
import { connectBuilderVm, type BuilderVm } from './builder-vm.js';
import { destroyKeptVm } from './destroy.js';
import { holdKnownVm } from './hold.js';
import { findKeptVm, refuseCrashed, refuseElsewhere } from './kept.js';
import { destroyBuilderVm, haltBuilderVm, keepBuilderVm, notKept, notRemoved } from './end.js';
import { notePlanned } from '../archive/note-checkout.js';
import { openArchive } from '../archive/serve.js';
import { withCleanUp } from '../clean-up.js';
import type { Context } from '../context.js';
import { copyLogs, withLog } from './logs.js';
import { obtainVm } from './obtain.js';
import type { Journal } from '../record/journal.js';
import { makePlan, type PlanRequest } from '../plan/plan.js';
import { provisionVm } from './provision.js';
import { reapLeftovers } from '../reap.js';

/** @param id a VM's id; undefined for the one of the checkout that the context's folder is in */
export async function findVm(context: Context, id: string | undefined): Promise<KnownVm> {
  if (id !== undefined) {
    const vms = await listVms(vmsFolder(context.home));
    const found = vms.find((vm) => vm.record.id === id);
    if (found !== undefined) return found;
    throw new MayflyError('usage', 'vm.unknown', `There is no VM ${id}.`, {
      hint: '`mayfly vm list` lists them.',
    });
  }
  const { topLevel } = await findPlaces(context.cwd, { signal: context.signal });
  const kept = await findKeptVm(context, topLevel);
  if (kept !== undefined) return kept;
  // That of a build: who asks is told who works in it.
  const vms = await listVms(vmsFolder(context.home));
  const running = vms.find(({ state, record }) => state === 'running' && record.checkout === topLevel);
  if (running !== undefined) return running;
  throw new MayflyError('usage', 'vm.none', `There is no kept VM for ${topLevel}.`, {
    hint: 'Start one: `mayfly vm up`, or keep the next one: `mayfly build --keep-running`.',
  });
}

/** A build's own VM is left alone, and one of another host; one that is kept is whoever's holds its lock. */
function refuseOthers(vm: KnownVm): void {
  refuseElsewhere(vm);
  if (vm.state !== 'running') return;
  throw new MayflyError(
    'refused',
    'vm.busy',
    `The VM ${vm.record.id} is in use by process ${vm.record.owner.pid}.`,
    {
      hint: 'Wait until that build has ended, or end it with Ctrl-C.',
    },
  );
}

/**
 * Hands the VM, with SSH answering, to `use`; afterwards it goes on as it was.
 * @throws MayflyError `vm.halted`, `vm.crashed`, `vm.busy`, `vm.elsewhere`
 */
export async function withVm<T>(
  context: Context,
  looked: KnownVm,
  use: (builder: BuilderVm) => Promise<T>,
): Promise<T> {
  refuseOthers(looked);
  const { known, held } = await holdKnownVm(context, looked, (fresh) => {
    refuseCrashed(fresh);
    refuseHalted(fresh);
  });
  const builder = await adoptBuilderVm(context, known, held);
  return await withCleanUp(
    context.report,
    async () => {
      await connectBuilderVm(context, builder, () => undefined);
      return await use(builder);
    },
    (cleanUp) => cleanUp.attempt(notKept(known.record.id), () => keepBuilderVm(builder)),
  );
}

function refuseHalted({ state, record }: KnownVm): void {
  if (state !== 'halted') return;
  throw new MayflyError('usage', 'vm.halted', `The VM ${record.id} is halted.`, {
    hint: 'Start it: `mayfly vm up`.',
  });
}

interface BootTime {
  readonly bootTimeoutMs?: number | undefined;
}

/** Starts the VM of this checkout, or the one that was halted, provisions it, and keeps it. */
export async function vmUp(
  context: Context,
  journal: Journal,
  request: Omit<PlanRequest, 'scratch'> & BootTime,
): Promise<string> {
  await reapLeftovers(context, journal.tell);
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const plan = await makePlan(context, {
    ...request,
    allowDirty: true,
    scripts: ['provision'],
    scratch: scratch.path,
    refresh: true,
    tryProvider: true,
  });
  await notePlanned(context, plan);
  await using archive = await openArchive(context, plan.archive, plan.options.offline, journal.tell);
  for (const text of plan.warnings) journal.tell({ type: 'notice', level: 'warning', text });
  const { builder, reused } = await obtainVm({
    context,
    journal,
    plan,
    archive,
    mayOutliveUs: true,
    bootTimeoutMs: request.bootTimeoutMs,
    beforeRemoval: (failed) => copyLogs(journal, failed),
  }).catch((error: unknown) => {
    throw withLog(error, journal.folder);
  });
  const { id } = builder.record;
  return await withCleanUp(
    journal.tell,
    async () => {
      await provisionVm(context, journal, plan, builder);
      return id;
    },
    async (cleanUp, failed) => {
      // The error names them where they outlive the VM.
      if (failed) await copyLogs(journal, builder);
      if (!failed || reused || plan.options.rescue) {
        await cleanUp.attempt(notKept(id), () => keepBuilderVm(builder));
        return;
      }
      await cleanUp.attempt(notRemoved(id), () => destroyBuilderVm(context, builder, journal.tell));
    },
  ).catch((error: unknown) => {
    throw withLog(error, journal.folder);
  });
}

/** Provisions the VM of this checkout again, with these options: those that it was started with are not kept. */
export async function vmProvision(
  context: Context,
  journal: Journal,
  request: Pick<PlanRequest, 'flags'> & BootTime,
): Promise<void> {
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const plan = await makePlan(context, {
    flags: request.flags,
    allowDirty: true,
    scripts: ['provision'],
    scratch: scratch.path,
  });
  await using archive = await openArchive(context, plan.archive, plan.options.offline, journal.tell);
  const { builder } = await obtainVm({
    context,
    journal,
    plan,
    archive,
    mayOutliveUs: true,
    bootTimeoutMs: request.bootTimeoutMs,
    existing: await findVm(context, undefined),
    beforeRemoval: (failed) => copyLogs(journal, failed),
  }).catch((error: unknown) => {
    throw withLog(error, journal.folder);
  });
  await withCleanUp(
    journal.tell,
    () => provisionVm(context, journal, plan, builder),
    (cleanUp) => cleanUp.attempt(notKept(builder.record.id), () => keepBuilderVm(builder)),
  );
}

export async function vmHalt(context: Context, looked: KnownVm): Promise<void> {
  refuseOthers(looked);
  const { known, held } = await holdKnownVm(context, looked, refuseCrashed);
  if (known.state === 'halted') {
    await held.release();
    return;
  }
  const builder = await adoptBuilderVm(context, known, held);
  await connectBuilderVm(context, builder, () => undefined, { bootTimeoutMs: HALT_MS }).catch(
    (error: unknown) => {
      throw isNoAnswer(error) ? cannotHalt(known, error) : error;
    },
  );
  await haltBuilderVm(builder, context.report);
}

/** Milliseconds to wait for SSH: it answered before the VM was kept. */
const HALT_MS = 60_000;

const isNoAnswer = (error: unknown): boolean =>
  error instanceof MayflyError && error.code === 'vm.boot-timeout';

function cannotHalt({ record }: KnownVm, cause: unknown): MayflyError {
  const text = `The VM ${record.id} does not answer over SSH, so it cannot be halted in order.`;
  return new MayflyError('vm', 'vm.boot-timeout', text, {
    hint: '`mayfly vm destroy` ends it all the same; what its cache disk gained is lost then.',
    cause,
  });
}

/** Milliseconds to wait for SSH, for the sake of the caches only. */
const LAST_WORDS_MS = 15_000;

export async function vmDestroy(context: Context, known: KnownVm): Promise<void> {
  refuseOthers(known);
  await destroyKeptVm(context, known, context.report, LAST_WORDS_MS);
}
