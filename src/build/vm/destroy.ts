/** How a VM that was kept is destroyed, whatever its state: one that runs has its last words first. */
import type { Report } from '../../report/events.js';
import { reapVm, type KnownVm } from '../../vm/registry.js';
import { wasHalted } from '../../vm/state.js';
import type { Context } from '../context.js';
import { adoptBuilderVm } from './adopt.js';
import { connectBuilderVm } from './builder-vm.js';
import { closeCachesIfPossible, destroyBuilderVm, warnOfLoss } from './end.js';
import { holdKnownVm, isGone, type HeldVm } from './hold.js';

/** @param bootTimeoutMs how long SSH is waited for, for the sake of the caches only */
export async function destroyKeptVm(
  context: Context,
  looked: KnownVm,
  report: Report,
  bootTimeoutMs: number | undefined,
): Promise<void> {
  const taken = await takeUnlessGone(context, looked, report);
  if (taken === undefined) return;
  const { known, held } = taken;
  if (known.state === 'kept') {
    const builder = await adoptBuilderVm(context, known, held);
    await connectBuilderVm(context, builder, () => undefined, { bootTimeoutMs }).catch(() => undefined);
    await destroyBuilderVm(context, builder, report);
    return;
  }
  try {
    await destroyEnded(context, known, report);
  } finally {
    await held.release();
  }
}

/** What is gone already is no failure of who wants it gone. */
async function takeUnlessGone(
  context: Context,
  looked: KnownVm,
  report: Report,
): Promise<HeldVm | undefined> {
  try {
    return await holdKnownVm(context, looked);
  } catch (error) {
    if (!isGone(error)) throw error;
    report({ type: 'notice', level: 'info', text: error.message });
    return undefined;
  }
}

/** Only of one that our own command halted in order are the caches known to be complete. */
async function destroyEnded(context: Context, known: KnownVm, report: Report): Promise<void> {
  const { record, state } = known;
  const clean = wasHalted(record) && record.kept && record.cachesClean !== false;
  if (!clean) {
    const why = state === 'halted' ? 'it was not halted in order.' : 'it ended without being halted.';
    warnOfLoss(known, why, report);
  }
  await closeCachesIfPossible(context, known, clean, report);
  await reapVm(known);
}
