/**
 * How a VM is, by its record and by what its host says. A root file system has no journal, and is never checked: a VM
 * that was kept counts as halted only where something says that it ended in order.
 */
import { join } from 'node:path';
import { vmFiles } from '../paths.js';
import { isAlive, isElsewhere } from '../process/owner.js';
import { parseConnection } from './libvirt/connection.js';
import { saysPoweredOff } from './powered-off.js';
import type { VmOnDisk } from './provider.js';
import { providerOf } from './providers.js';
import type { VmRecord } from './record.js';

/**
 * `crashed`: kept, and gone without being halted: its disks may be damaged. `elsewhere`: it belongs to another host that
 * shares our folders, and nothing here tells how it is. `silent`: kept, or to be kept, on a host that does not answer.
 */
export type VmState = 'running' | 'kept' | 'halted' | 'crashed' | 'leftover' | 'elsewhere' | 'silent';

/** @param isHeld we hold its lock: whoever worked with it last is done, also where that process goes on */
export async function stateOf(vm: VmOnDisk, isHeld: boolean): Promise<VmState> {
  const { provider, owner, kept, toBeKept, port } = vm.record;
  if (!isAnybodys(vm.record) && (await isElsewhere(owner))) return 'elsewhere';
  const [vmLives, ownerLives] = await Promise.all([providerOf(provider).lives(vm), isAlive(owner)]);
  if (ownerLives && !isHeld) return kept && vmLives === true ? 'kept' : 'running';
  // Without a port its start was cut off, and nobody gets in. Once it has ended, nothing says what its disks are worth.
  const mayBeKept = kept || (toBeKept === true && port !== undefined);
  if (!mayBeKept) return 'leftover';
  // One failed login proves nothing: what may run there is neither started again nor removed.
  if (vmLives === undefined) return 'silent';
  if (vmLives) return 'kept';
  if (!kept) return 'leftover';
  return wasHalted(vm.record) || (await poweredItselfOff(vm)) ? 'halted' : 'crashed';
}

/** Whether our own command halted it, and nobody has begun to start it since. Pure. */
export function wasHalted({ port, process, started }: VmRecord): boolean {
  return port === undefined && process === undefined && started === undefined;
}

/** Whether any host may take it: it was halted and runs nowhere, or its host is asked by all in the same way. */
function isAnybodys(record: VmRecord): boolean {
  const { kept, connection } = record;
  const isRemote = connection !== undefined && parseConnection(connection).through !== undefined;
  return kept && (wasHalted(record) || isRemote);
}

/** By a person in it, or by `virsh shutdown`: its last words are all that tells. */
async function poweredItselfOff(vm: VmOnDisk): Promise<boolean> {
  try {
    await providerOf(vm.record.provider).bringConsole(vm);
  } catch {
    // An older copy of it may end with an earlier life.
    return false;
  }
  return await saysPoweredOff(join(vm.folder, vmFiles.console), vm.record.started?.consoleFrom ?? 0);
}
