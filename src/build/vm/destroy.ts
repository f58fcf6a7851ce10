/** How a VM that was kept is destroyed, whatever its state: one that runs has its last words first. */
import type { Lock } from '../../process/lock.js';
import type { Report } from '../../report/events.js';
import { reapVm, type KnownVm } from '../../vm/registry.js';
import type { Context } from '../context.js';
import { adoptBuilderVm } from './adopt.js';
import { connectBuilderVm } from './builder-vm.js';
import { closeCachesIfPossible, destroyBuilderVm, warnOfLoss } from './end.js';

/**
 * @param held its lock, which is released in any case
 * @param bootTimeoutMs how long SSH is waited for, for the sake of the caches only
 */
export async function destroyKeptVm(
  context: Context,
  known: KnownVm,
  held: Lock,
  report: Report,
  bootTimeoutMs: number | undefined,
): Promise<void> {
  if (known.state === 'halted' || known.state === 'crashed') {
    try {
      await destroyEnded(context, known, report);
    } finally {
      await held.release();
    }
    return;
  }
  const builder = await adoptBuilderVm(context, known, held);
  await connectBuilderVm(context, builder, () => undefined, { bootTimeoutMs }).catch(() => undefined);
  await destroyBuilderVm(context, builder, report);
}

/** Only of one that our own command halted in order are the caches known to be complete. */
async function destroyEnded(context: Context, known: KnownVm, report: Report): Promise<void> {
  const { port, cachesClean } = known.record;
  const halted = known.state === 'halted';
  const clean = halted && port === undefined && cachesClean !== false;
  if (!clean) warnOfLoss(known, halted ? 'it was not halted in order.' : ENDED, report);
  await closeCachesIfPossible(context, known, clean, report);
  await reapVm(known);
}

const ENDED = 'it ended without being halted.';
