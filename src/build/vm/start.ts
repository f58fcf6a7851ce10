/** How a builder VM begins: started fresh over its base box. One that was kept is taken over in adopt.ts. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findBox, type Box } from '../../basebox/store.js';
import { MayflyError, messageOf } from '../../errors.js';
import type { GuestSession } from '../../guest/session.js';
import { consoleSize } from '../../guest/sshd-hint.js';
import { boxesFolder, boxFiles, vmFiles, vmsFolder } from '../../paths.js';
import { lock, type Lock } from '../../process/lock.js';
import { currentOwner } from '../../process/owner.js';
import type { RunningVm, Share, VmSpec } from '../../vm/provider.js';
import { providerOf } from '../../vm/providers.js';
import { makeVmFolder, writeVmRecord, type VmRecord } from '../../vm/registry.js';
import type { BuilderVm } from './builder-vm.js';
import { closeCaches, openCaches } from './caches.js';
import { isPooled, storageOf } from './storage.js';
import { noteCopy } from '../box/copies.js';
import { boxLock } from '../box/ensure.js';
import type { Context } from '../context.js';
import type { BuildPlan } from '../plan/plan-type.js';

/** A folder for a VM that is about to be made. */
export function makeFolderFor(context: Context, id: string): Promise<string> {
  return makeVmFolder(vmsFolder(context.home), id);
}

/** The shares of a VM; their folders are inside the VM's own. */
const SHARES: readonly Share[] = [
  { tag: 'source', path: vmFiles.source },
  { tag: 'builder', path: vmFiles.builder },
];

type StartOptions = Pick<VmSpec, 'mayOutliveUs' | 'bootTimeoutMs'>;

/** Starts a fresh VM. Its folder exists and holds the shares. */
export async function startBuilderVm(
  context: Context,
  plan: BuildPlan,
  box: Box,
  id: string,
  folder: string,
  held: Lock,
  { mayOutliveUs, bootTimeoutMs }: StartOptions,
): Promise<BuilderVm> {
  const planned = [plan.caches.packages, plan.caches.website].filter((cache) => cache !== undefined);
  const base: VmRecord = {
    schema: 1,
    id,
    provider: plan.vm.provider,
    connection: plan.vm.connection,
    createdAt: new Date().toISOString(),
    checkout: plan.project.checkout,
    project: plan.project.name,
    ref: plan.source.ref.name,
    box: box.record.fingerprint,
    user: plan.guest.user,
    kept: false,
    toBeKept: mayOutliveUs,
    owner: await currentOwner(),
    memoryBytes: plan.vm.memoryBytes,
    cpus: plan.vm.cpus,
    network: plan.vm.network === 'open' ? 'open' : 'restricted',
    cpuModel: plan.vm.cpuModel,
    machineType: plan.vm.machineType,
    vagrantfile: plan.vm.vagrantfile,
    accelerator: plan.vm.accelerator,
    caches: {},
  };
  let record = base;
  try {
    // Before there is anything to reap: a crash from here on leaves a record of where it is.
    await claimBox(context, folder, record);
    if (isPooled(base) && base.connection !== undefined) await noteCopy(context, base.box, base.connection);
    record = { ...base, caches: await openCaches(context, base, folder, planned) };
    await writeVmRecord(folder, record);
    // As much as the guest can hold.
    const artifactBytes = plan.box.spec.diskBytes + (plan.ramKib ?? 0) * 1024;
    await storageOf(context, record, folder).makeArtifactDisk(artifactBytes);
    return await launch(context, record, folder, box, held, { mayOutliveUs, bootTimeoutMs });
  } catch (error) {
    await undoStart(context, folder, record);
    throw error;
  }
}

/** From here on `box clean` sees that the VM stands on its box; before that it may have removed it. */
async function claimBox(context: Context, folder: string, record: VmRecord): Promise<void> {
  const lockOptions = { purpose: 'starts a VM from the base box', signal: context.signal };
  await using _held = await lock(boxLock(context, record.box), lockOptions);
  if ((await findBox(boxesFolder(context.home), record.box)) === undefined) {
    const text = `Another command has just removed the base box ${record.box.slice(0, 12)}.`;
    throw new MayflyError('refused', 'box.removed', text, { hint: 'Try again: it will be made anew.' });
  }
  await writeVmRecord(folder, record);
}

/** What cannot be removed now, as its host does not answer, keeps its record: the next command tries again. */
async function undoStart(context: Context, folder: string, record: VmRecord): Promise<void> {
  try {
    await closeCaches(context, record, folder, false, context.report);
    await providerOf(record.provider).remove({ folder, record });
    await rm(join(folder, vmFiles.record), { force: true });
  } catch (problem) {
    const text = `The VM ${record.id} could not be removed: ${messageOf(problem)}`;
    context.report({ type: 'notice', level: 'warning', text });
  }
}

export async function launch(
  context: Context,
  base: VmRecord,
  folder: string,
  box: Box,
  held: Lock,
  options: StartOptions,
): Promise<BuilderVm> {
  const storage = storageOf(context, base, folder);
  const consoleFrom = consoleSize(join(folder, vmFiles.console));
  const vm = await providerOf(base.provider).start(
    {
      id: base.id,
      folder,
      checkout: base.checkout,
      connection: base.connection,
      box: {
        fingerprint: box.record.fingerprint,
        diskBytes: box.record.diskBytes,
        disk: join(box.folder, boxFiles.disk),
        kernel: join(box.folder, boxFiles.kernel),
        initrd: join(box.folder, boxFiles.initrd),
      },
      memoryBytes: base.memoryBytes,
      cpus: base.cpus,
      cpuModel: base.cpuModel,
      machineType: base.machineType,
      vagrantfile: base.vagrantfile,
      network: base.network,
      shares: SHARES,
      disks: [
        ...Object.values(base.caches).map(({ serial, path }) => ({
          serial,
          path,
          format: 'qcow2' as const,
        })),
        await storage.artifactDisk(),
      ],
      accelerator: base.accelerator,
      user: base.user,
      ...options,
    },
    context.signal,
  );
  const record = await noteStarted(context, folder, base, vm);
  return { vm, guest: guestOf(vm, folder, consoleFrom), storage, folder, record, master: undefined, held };
}

/** A VM that runs and that no record names would be found by nobody: it ends when that cannot be written. */
export async function noteStarted(
  context: Context,
  folder: string,
  base: VmRecord,
  vm: RunningVm,
): Promise<VmRecord> {
  const where = { process: vm.process, port: vm.ssh.port, host: vm.ssh.host };
  const record = { ...base, ...where, started: base.started ?? { consoleFrom: 0 } };
  try {
    await writeVmRecord(folder, record);
    return record;
  } catch (error) {
    await vm.kill().catch((problem: unknown) => {
      const text = `The VM ${base.id} may still run, as it could not be ended: ${messageOf(problem)}`;
      context.report({ type: 'notice', level: 'warning', text });
    });
    throw error;
  }
}

export function guestOf(vm: RunningVm, folder: string, consoleFrom?: number): GuestSession {
  return {
    ssh: vm.ssh,
    gone: () => vm.exit,
    console: join(folder, vmFiles.console),
    consoleFrom,
    bringConsole: () => vm.bringConsole(),
  };
}
