/** Base boxes as commands of their own. */
import { join } from 'node:path';
import { findBox, listBoxes, removeBox, staleBoxes, type Box } from '../../basebox/store.js';
import { MayflyError } from '../../errors.js';
import { boxesFolder, scratchFolder, vmsFolder } from '../../paths.js';
import { tryLock } from '../../process/lock.js';
import { makeScratch } from '../../process/scratch.js';
import { listVms, unreadableVms } from '../../vm/registry.js';
import { copiedBoxes, removeCopies } from './copies.js';
import { boxLock, ensureBox, type EnsuredBox } from './ensure.js';
import { createTwice } from './twice.js';
import { notePlanned } from '../archive/note-checkout.js';
import { openArchive } from '../archive/serve.js';
import type { Context } from '../context.js';
import { makePlan } from '../plan/plan.js';
import { reapLeftovers } from '../reap.js';

/**
 * Makes the base box that the builder directory asks for, uncommitted edits included.
 * @param options twice: make two, and compare; offline: from the local archive alone
 */
export async function createProjectBox(
  context: Context,
  options: { readonly twice?: boolean; readonly offline?: boolean } = {},
): Promise<EnsuredBox> {
  await reapLeftovers(context, context.report);
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const flags = options.offline === true ? { offline: true } : {};
  const plan = await makePlan(context, {
    flags,
    scratch: scratch.path,
    allowDirty: true,
    scripts: [],
    refresh: true,
  });
  await notePlanned(context, plan);
  await using archive = await openArchive(context, plan.archive, plan.options.offline, context.report);
  context.report({ type: 'step-started', step: 'box', title: 'Making the base box' });
  const started = performance.now();
  const ensured =
    options.twice === true
      ? { box: await createTwice(context, plan.box, archive, context.report), reused: false }
      : await ensureBox(context, plan.box, archive, context.report);
  const seconds = (performance.now() - started) / 1000;
  context.report({ type: 'step-finished', step: 'box', outcome: ensured.reused ? 'reused' : 'ok', seconds });
  return ensured;
}

/** The base box that the builder directory asks for. @throws MayflyError `box.not-made` */
export async function projectBox(context: Context): Promise<Box> {
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const plan = await makePlan(context, { flags: {}, scratch: scratch.path, allowDirty: true, scripts: [] });
  const box = await findBox(boxesFolder(context.home), plan.box.fingerprint);
  if (box !== undefined) return box;
  throw new MayflyError(
    'usage',
    'box.not-made',
    `The base box of this project, ${plan.box.label}, is not made yet.`,
    {
      hint: 'Make it: mayfly box create. Or name another: mayfly box list.',
    },
  );
}

/**
 * Removes boxes that are old and unused. @returns those removed
 * @throws MayflyError `box.perhaps-in-use`
 */
export async function cleanBoxes(
  context: Context,
  options: { readonly all?: boolean | undefined; readonly days?: number | undefined },
): Promise<readonly Box[]> {
  const store = boxesFolder(context.home);
  const vms = await listVms(vmsFolder(context.home));
  const stale = staleBoxes(await listBoxes(store), {
    now: new Date(),
    inUse: new Set(vms.map(({ record }) => record.box)),
    ...(options.days === undefined ? {} : { days: options.days }),
    ...(options.all === undefined ? {} : { all: options.all }),
  });
  if (stale.length > 0) await refuseUnreadableVms(vmsFolder(context.home));
  const removed: Box[] = [];
  for (const box of stale) {
    const held = await tryLock(boxLock(context, box.record.fingerprint), { purpose: 'removes a base box' });
    if (held === undefined) continue;
    // A build may have taken it while others were removed: it does so under this lock.
    if (await isUsed(context, box)) {
      await held.release();
      continue;
    }
    await removeCopies(context, box.record.fingerprint);
    await removeBox(store, box.record.fingerprint);
    await held.release();
    removed.push(box);
  }
  await removeOrphanedCopies(context);
  return removed;
}

/** Copies that could not be removed when their box was: their host did not answer, or a VM stood on them. */
async function removeOrphanedCopies(context: Context): Promise<void> {
  const store = boxesFolder(context.home);
  for (const fingerprint of await copiedBoxes(context)) {
    const held = await tryLock(boxLock(context, fingerprint), { purpose: 'removes copies of a base box' });
    if (held === undefined) continue;
    await using _held = held;
    const vms = await listVms(vmsFolder(context.home));
    const isWanted = vms.some(({ record }) => record.box === fingerprint);
    if (!isWanted && (await findBox(store, fingerprint)) === undefined)
      await removeCopies(context, fingerprint);
  }
}

async function isUsed(context: Context, { record: { fingerprint } }: Box): Promise<boolean> {
  const vms = await listVms(vmsFolder(context.home));
  return vms.some(({ record }) => record.box === fingerprint);
}

/** A VM whose record cannot be read may start from any of them, and is lost without it. */
async function refuseUnreadableVms(vms: string): Promise<void> {
  const unreadable = await unreadableVms(vms);
  if (unreadable.length === 0) return;
  const [is, one] = unreadable.length === 1 ? ['a VM', 'it'] : [`${unreadable.length} VMs`, 'them'];
  throw new MayflyError(
    'refused',
    'box.perhaps-in-use',
    `No base box is removed: the record of ${is} cannot be read, so any may be in use.`,
    {
      details: unreadable.map((id) => join(vms, id)),
      hint: `Use the mayfly that made ${one}; or remove the folder, once nothing runs there, and try again.`,
    },
  );
}
