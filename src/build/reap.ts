/** Removes what a crash left: VMs whose mayfly is gone, their cache overlays, scratch folders, half-made boxes. */
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeBoxStaging, stagedBoxes } from '../basebox/store.js';
import { listOverlays, reapCaches } from '../disks/cache.js';
import { messageOf } from '../errors.js';
import {
  archiveFolder,
  boxesFolder,
  buildsFolder,
  lockFile,
  scratchFolder,
  vmFiles,
  vmsFolder,
} from '../paths.js';
import { entriesOf } from '../process/entries.js';
import { tryLock, type Lock } from '../process/lock.js';
import { isGone } from '../process/owner.js';
import { publicScratchParent, reapScratch } from '../process/scratch.js';
import type { Report } from '../report/events.js';
import { archiveParts } from '../snapshots/local/layout.js';
import { isLeftover, listVms, reapFolders, reapVm, unreadableVms } from '../vm/registry.js';
import { boxLock } from './box/ensure.js';
import { readAbout } from './record/about.js';
import { cacheStore } from './vm/caches.js';
import type { Context } from './context.js';

/** Of builds that were killed between the end of their VM and the check of what they made. @returns their ids */
async function reapArtifactDisks(builds: string): Promise<readonly string[]> {
  const reaped: string[] = [];
  for (const id of await entriesOf(builds)) {
    const disk = join(builds, id, vmFiles.artifacts);
    const isThere = await lstat(disk).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    const about = await readAbout(join(builds, id));
    if (about === undefined || !(await isGone(about.owner))) continue;
    await rm(disk, { force: true });
    reaped.push(id);
  }
  return reaped;
}

/** @returns what was removed, in words; each is reported as well */
export async function reapLeftovers(context: Context, report: Report): Promise<readonly string[]> {
  const reaped: string[] = [];
  const tell = (what: string): void => {
    reaped.push(what);
    report({ type: 'reaped', what });
  };
  const vms = vmsFolder(context.home);
  // Where hosts or containers share our folders, only the lock tells that a process elsewhere lives.
  const hold = (id: string): Promise<Lock | undefined> =>
    tryLock(lockFile(context.home, `vm-${id}`), { purpose: 'removes a VM of a mayfly that is gone' });
  const live = new Set<string>();
  // Before the VMs: whose overlay is there has its record, so no VM that begins meanwhile loses its own.
  const overlays = await listOverlays(cacheStore(context));
  for (const vm of await listVms(vms)) {
    if (vm.state !== 'leftover') {
      live.add(vm.record.id);
      continue;
    }
    try {
      await using held = await hold(vm.record.id);
      if (held === undefined || !(await isLeftover(vm))) {
        live.add(vm.record.id);
        continue;
      }
      await reapVm(vm);
      tell(`the VM ${vm.record.id} of a mayfly that is gone`);
    } catch (error) {
      // Its host may not answer now: its record stays, and the next command tries again.
      live.add(vm.record.id);
      const text = `The VM ${vm.record.id} of a mayfly that is gone cannot be removed now: ${messageOf(error)}`;
      report({ type: 'notice', level: 'warning', text });
    }
  }
  for (const id of await reapFolders(vms, hold)) tell(`the folder of the VM ${id}, which was never started`);
  for (const id of await unreadableVms(vms)) {
    // Its cache overlays stay as well.
    live.add(id);
    const text = `The record of the VM ${id} cannot be read, so the VM is left as it is. Use the mayfly that made it, or remove ${join(vms, id)} once nothing runs there.`;
    report({ type: 'notice', level: 'warning', text });
  }
  for (const id of await reapCaches(overlays, live)) tell(`the cache overlay of the VM ${id}`);
  const { incoming } = archiveParts(archiveFolder(context.home));
  for (const parent of [publicScratchParent(context.env), scratchFolder(context.home), incoming]) {
    for (const path of await reapScratch(parent)) tell(`the scratch folder ${path}`);
  }
  for (const id of await reapArtifactDisks(buildsFolder(context.home)))
    tell(`the artifact disk of the build ${id}, which was killed`);
  const store = boxesFolder(context.home);
  for (const fingerprint of await stagedBoxes(store)) {
    const held = await tryLock(boxLock(context, fingerprint), { purpose: 'removes a half-made base box' });
    if (held === undefined) continue;
    await removeBoxStaging(store, fingerprint);
    await held.release();
    tell(`the half-made base box ${join(store, fingerprint)}`);
  }
  return reaped;
}
