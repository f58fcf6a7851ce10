/**
 * Repeats a run whose VM failed. QEMU's emulation of several CPUs sometimes makes a guest's kernel panic; such
 * a run measures nothing, and one of them is not to cost all others. Nothing is hidden: the report names each.
 */
import { exitCodeOf } from '../src/cli/exit.js';
import { isAborted, MayflyError, messageOf } from '../src/errors.js';
import { CommandError } from '../src/process/command-error.js';
import type { Setting } from './setting.js';

const MOST_ATTEMPTS = 3;

/**
 * @param notes receives a line for each run that was repeated
 * @throws the last failure, when no attempt succeeds; an interruption, or a failure of another kind, at once
 */
export async function repeatOnVmFailure<T>(
  setting: Setting,
  what: string,
  notes: string[],
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (isAborted(setting.signal) || attempt === MOST_ATTEMPTS || !isVmFailure(error)) throw error;
      const [reason = ''] = messageOf(error).split('\n');
      notes.push(`A run of ${what} failed and was repeated: ${reason}`);
      setting.say(`${what} failed, once more: ${reason}`);
    }
  }
}

/** A failure of a VM: ours, or the one that a mayfly command ended with. */
export function isVmFailure(error: unknown): boolean {
  if (error instanceof CommandError) return error.failure.exitCode === exitCodeOf(VM_FAILURE);
  return error instanceof MayflyError && error.kind === 'vm';
}

const VM_FAILURE = new MayflyError('vm', 'vm.died', '');
