/** Takes a VM that was looked up before: between the look and the lock another command may have worked with it. */
import { MayflyError } from '../../errors.js';
import type { Lock } from '../../process/lock.js';
import { lookAgain, type KnownVm } from '../../vm/registry.js';
import type { Context } from '../context.js';
import { holdVm } from './builder-vm.js';
import { refuseElsewhere } from './kept.js';

export interface HeldVm {
  /** As it is now. */
  readonly known: KnownVm;
  readonly held: Lock;
}

/**
 * @param refuse throws when the VM, as it is now, is of no use: then it is let go
 * @throws MayflyError `vm.busy`, `vm.gone`, `vm.elsewhere`
 */
export async function holdKnownVm(
  context: Context,
  { folder, record }: KnownVm,
  refuse: (known: KnownVm) => void = () => undefined,
): Promise<HeldVm> {
  const held = await holdVm(context, record.id);
  try {
    const known = await lookAgain({ folder, record });
    if (known === undefined) throw gone(record.id);
    refuseElsewhere(known);
    refuse(known);
    return { known, held };
  } catch (error) {
    await held.release();
    throw error;
  }
}

function gone(id: string): MayflyError {
  const text = `Another command has just removed the VM ${id}.`;
  return new MayflyError('refused', 'vm.gone', text, {
    hint: 'Try again: what needs a VM starts a new one.',
  });
}

export const isGone = (error: unknown): error is MayflyError =>
  error instanceof MayflyError && error.code === 'vm.gone';
