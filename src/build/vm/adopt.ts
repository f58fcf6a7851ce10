/** How a VM that was kept is taken over: as it runs, or started again when it was halted. */
import { join } from 'node:path';
import { findBox, type Box } from '../../basebox/store.js';
import { MayflyError, throwIfAborted } from '../../errors.js';
import { consoleSize } from '../../guest/sshd-hint.js';
import { boxesFolder, vmFiles } from '../../paths.js';
import { CommandError } from '../../process/command-error.js';
import type { Lock } from '../../process/lock.js';
import { currentOwner } from '../../process/owner.js';
import { providerOf } from '../../vm/providers.js';
import { writeVmRecord, type KnownVm, type VmRecord } from '../../vm/registry.js';
import type { Context } from '../context.js';
import type { BuilderVm } from './builder-vm.js';
import { guestOf, launch } from './start.js';
import { storageOf } from './storage.js';

/**
 * Takes over a VM that an earlier command kept; starts it again when it was halted. Not for one that crashed.
 * @param known as it was when `held` had been taken
 * @param held is released when that fails
 */
export async function adoptBuilderVm(context: Context, known: KnownVm, held: Lock): Promise<BuilderVm> {
  try {
    return await adopt(context, known, held);
  } catch (error) {
    await held.release();
    throw error;
  }
}

async function adopt(context: Context, known: KnownVm, held: Lock): Promise<BuilderVm> {
  const { folder, state } = known;
  // One whose command was killed before it could say so is kept from now on.
  const kept = known.record.kept || state === 'kept';
  const record: VmRecord = { ...known.record, kept, owner: await currentOwner() };
  if (state === 'halted') {
    await writeVmRecord(folder, record);
    const box = await findBox(boxesFolder(context.home), record.box);
    if (box === undefined) throw boxIsGone(record);
    return await startAgain(context, record, folder, box, held);
  }
  // It runs, also where nobody had noted that: a person may have started it by hand.
  const running: VmRecord = { ...record, started: record.started ?? { consoleFrom: 0 } };
  await writeVmRecord(folder, running);
  const vm = await providerOf(record.provider).adopt({ folder, record: running });
  const storage = storageOf(context, record, folder);
  return { vm, guest: guestOf(vm, folder), storage, folder, record: running, master: undefined, held };
}

function boxIsGone({ id }: VmRecord): MayflyError {
  const text = `The base box of the VM ${id} is gone: it cannot start again.`;
  return new MayflyError('vm', 'vm.no-box', text, { hint: 'Remove the VM: `mayfly vm destroy`.' });
}

/** Noted before it starts: when we are killed in between, nobody takes its disk for one that was closed in order. */
async function startAgain(
  context: Context,
  halted: VmRecord,
  folder: string,
  box: Box,
  held: Lock,
): Promise<BuilderVm> {
  throwIfAborted(context.signal);
  const record = { ...halted, started: { consoleFrom: consoleSize(join(folder, vmFiles.console)) } };
  await writeVmRecord(folder, record);
  try {
    const options = { mayOutliveUs: true, bootTimeoutMs: undefined };
    return await launch(context, record, folder, box, held, options);
  } catch (error) {
    if (neverRan(error)) await writeVmRecord(folder, halted);
    throw error;
  }
}

/** QEMU or libvirt refused to start it: its disk is as it was. Of any other failure that cannot be told. */
function neverRan(error: unknown): boolean {
  return error instanceof CommandError || (error instanceof MayflyError && error.code === 'vm.qemu-failed');
}
