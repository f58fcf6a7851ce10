/** Removing base boxes: those that are old, or one by name; never one that a VM uses. */
import { join } from 'node:path';
import { findBox, listBoxes, removeBox, staleBoxes, type Box } from '../../basebox/store.js';
import { MayflyError } from '../../errors.js';
import { boxesFolder, vmsFolder } from '../../paths.js';
import { tryLock } from '../../process/lock.js';
import { listVms, unreadableVms, type KnownVm } from '../../vm/registry.js';
import type { Context } from '../context.js';
import { copiedBoxes, removeCopies } from './copies.js';
import { boxLock } from './ensure.js';

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
  for (const box of stale) if ((await removeUnused(context, box)) === undefined) removed.push(box);
  await removeOrphanedCopies(context);
  return removed;
}

/**
 * Removes one box, and its copies elsewhere.
 * @throws MayflyError `box.in-use`, `box.perhaps-in-use`
 */
export async function removeOneBox(context: Context, box: Box): Promise<void> {
  await refuseUnreadableVms(vmsFolder(context.home));
  const obstacle = await removeUnused(context, box);
  if (obstacle === undefined) return;
  const { label } = box.record;
  if (obstacle.length === 0) {
    throw new MayflyError('refused', 'box.in-use', `Another command works with the base box ${label}.`, {
      hint: 'Try again when it has ended.',
    });
  }
  const users = obstacle.length === 1 ? 'a VM uses' : `${obstacle.length} VMs use`;
  throw new MayflyError('refused', 'box.in-use', `The base box ${label} stays: ${users} it.`, {
    details: obstacle.map(({ record, state }) => `${record.id}  ${state}  ${record.checkout}`),
    hint: 'Remove a kept VM with `mayfly vm destroy ID`, and what a crash left with `mayfly clean`.',
  });
}

/** @returns what it was left for, when it was: VMs that stand on it, or none where another command works with it */
async function removeUnused(context: Context, box: Box): Promise<readonly KnownVm[] | undefined> {
  const { fingerprint } = box.record;
  const held = await tryLock(boxLock(context, fingerprint), { purpose: 'removes a base box' });
  if (held === undefined) return [];
  await using _held = held;
  // A build may have taken it a moment ago: it does so under this lock.
  const users = await usersOf(context, fingerprint);
  if (users.length > 0) return users;
  // Another command may have removed it before we held the lock.
  if ((await findBox(boxesFolder(context.home), fingerprint)) === undefined) return undefined;
  await removeCopies(context, fingerprint);
  await removeBox(boxesFolder(context.home), fingerprint);
  return undefined;
}

/** Copies that could not be removed when their box was: their host did not answer, or a VM stood on them. */
async function removeOrphanedCopies(context: Context): Promise<void> {
  const store = boxesFolder(context.home);
  for (const fingerprint of await copiedBoxes(context)) {
    const held = await tryLock(boxLock(context, fingerprint), { purpose: 'removes copies of a base box' });
    if (held === undefined) continue;
    await using _held = held;
    const isWanted = (await usersOf(context, fingerprint)).length > 0;
    if (!isWanted && (await findBox(store, fingerprint)) === undefined)
      await removeCopies(context, fingerprint);
  }
}

async function usersOf(context: Context, fingerprint: string): Promise<readonly KnownVm[]> {
  const vms = await listVms(vmsFolder(context.home));
  return vms.filter(({ record }) => record.box === fingerprint);
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
