/**
 * Builder VMs on disk: one folder each, whose vm.json says what it is, who started it and whether
 * it is to be kept. A VM that is not kept and whose owner is gone is a leftover, and is reaped; but
 * one that was to be kept, and runs, is kept, though its owner was killed before it could say so.
 */
import { lstat, mkdir, readdir, readFile, readlink, realpath, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hasCode } from '../errors.js';
import { vmFiles } from '../paths.js';
import { makeFolder } from '../process/make-folder.js';
import { isGone } from '../process/owner.js';
import { readOwner, removeTree, writeOwner } from '../process/scratch.js';
import { signalGroup, signalProcess } from '../process/children.js';
import type { VmOnDisk } from './provider.js';
import { providerOf } from './providers.js';
import { vmRecord, type VmRecord } from './record.js';
import { stateOf, type VmState } from './state.js';

export type { VmRecord } from './record.js';

export interface KnownVm extends VmOnDisk {
  readonly state: VmState;
}

/** Makes the VM's folder: for its owner only, as it holds keys. */
export async function makeVmFolder(vms: string, id: string): Promise<string> {
  await makeFolder(vms, 0o700);
  const folder = join(vms, id);
  await mkdir(folder, { mode: 0o700 });
  await writeOwner(folder);
  return folder;
}

export async function writeVmRecord(folder: string, record: VmRecord): Promise<void> {
  const path = join(folder, vmFiles.record);
  // Flushed before the rename: after a power cut there is the old record, or the new one.
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { flush: true });
  await rename(`${path}.new`, path);
}

/** Looked at anew, by whoever holds its lock: it may have been kept, halted, started or removed since it was listed. */
export async function lookAgain({ folder }: VmOnDisk): Promise<KnownVm | undefined> {
  return await readVm(folder, true);
}

async function readVm(folder: string, isHeld = false): Promise<KnownVm | undefined> {
  try {
    const record = vmRecord.parse(JSON.parse(await readFile(join(folder, vmFiles.record), 'utf8')));
    return { folder, record, state: await stateOf({ folder, record }, isHeld) };
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    // Damaged, or of another version of mayfly: unreadableVms() tells of it.
    if (hasCode(error, 'EACCES') || error instanceof SyntaxError || error instanceof z.ZodError)
      return undefined;
    throw error;
  }
}

/** VMs whose record is there and cannot be read: a kept VM may be among them, so none is removed. @returns their names */
export async function unreadableVms(vms: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir(vms).catch(() => [])) {
    const folder = join(vms, name);
    if ((await hasRecord(folder)) && (await readVm(folder)) === undefined) found.push(name);
  }
  return found;
}

/** True also where that cannot be told. */
async function hasRecord(folder: string): Promise<boolean> {
  try {
    await lstat(join(folder, vmFiles.record));
    return true;
  } catch (error) {
    return !hasCode(error, 'ENOENT') && !hasCode(error, 'ENOTDIR');
  }
}

/** All VMs of this person, oldest first. */
export async function listVms(vms: string): Promise<readonly KnownVm[]> {
  const names = await readdir(vms).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const known: KnownVm[] = [];
  // One after the other: each may be asked about by a login on the same host.
  for (const name of names) {
    const vm = await readVm(join(vms, name));
    if (vm !== undefined) known.push(vm);
  }
  return known.sort((a, b) => a.record.createdAt.localeCompare(b.record.createdAt));
}

/** Looked at anew, by whoever holds its lock: it may have been kept, or removed, since it was listed. */
export async function isLeftover({ folder }: VmOnDisk): Promise<boolean> {
  return (await readVm(folder))?.state === 'leftover';
}

/** Ends what is left of a VM whose owner is gone, and removes its folder. */
export async function reapVm(vm: VmOnDisk): Promise<void> {
  await providerOf(vm.record.provider).remove(vm);
  await endProcesses(vm.folder);
  await removeTree(vm.folder);
}

/** Milliseconds in which a killed process is gone; one that waits for a dead disk may never be. */
const KILL_MS = 10_000;

/** Ends what we started in a VM's folder: QEMU may have begun just before its pid was recorded. */
async function endProcesses(folder: string): Promise<void> {
  // proc(5) has no symbolic links in it.
  const real = await realpath(folder).catch(() => folder);
  const deadline = Date.now() + KILL_MS;
  for (;;) {
    const pids = await processesIn(real);
    if (pids.length === 0 || Date.now() > deadline) return;
    for (const pid of pids) {
      signalGroup(pid, 'SIGKILL');
      signalProcess(pid, 'SIGKILL');
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What we start there; a person's shell may stand in the folder, too. As the kernel has them: 15 characters. */
const OURS: ReadonlySet<string> = new Set(['qemu-system-x86', 'qemu-img', 'ssh', 'virsh', 'vagrant', 'ruby']);

/** Processes of ours whose working directory is the folder (proc(5)). */
async function processesIn(folder: string): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => undefined);
    if (cwd !== folder) continue;
    const program = (await readFile(`/proc/${name}/comm`, 'utf8').catch(() => '')).trim();
    if (OURS.has(program)) pids.push(Number(name));
  }
  return pids;
}

/**
 * Removes folders that a crash left before the VM had a record.
 * @param hold takes a VM for oneself; gives undefined when somebody works with it
 * @returns their names
 */
export async function reapFolders(
  vms: string,
  hold: (id: string) => Promise<AsyncDisposable | undefined>,
): Promise<readonly string[]> {
  const reaped: string[] = [];
  for (const name of await readdir(vms).catch(() => [])) {
    const folder = join(vms, name);
    if (await hasRecord(folder)) continue;
    const maker = await readOwner(folder);
    if (maker === undefined || !(await isGone(maker))) continue;
    await using held = await hold(name);
    // Its maker may live on another host, or in another container; by now it may have its record.
    if (held === undefined || (await hasRecord(folder))) continue;
    await endProcesses(folder);
    await removeTree(folder);
    reaped.push(name);
  }
  return reaped;
}
