/** Cache disks of a VM: opened over the newest generation, sealed when the VM ended in order. */
import { stat } from 'node:fs/promises';
import type { CacheStore } from '../../disks/cache.js';
import { cachesFolder, lockFile } from '../../paths.js';
import type { Report } from '../../report/events.js';
import { formatBytes } from '../../report/format.js';
import type { VmRecord } from '../../vm/record.js';
import type { Context } from '../context.js';
import type { PlannedCache } from '../plan/plan-type.js';
import { storageOf } from './storage.js';

export const cacheStore = (context: Context): CacheStore => ({
  folder: cachesFolder(context.home),
  lockFile: (cache) => lockFile(context.home, `cache-${cache}`),
});

/** Cache disks as a VM's record has them. */
type PluggedCaches = VmRecord['caches'];

/** @param vm the record of the VM that they are for */
export async function openCaches(
  context: Context,
  vm: VmRecord,
  folder: string,
  planned: readonly PlannedCache[],
): Promise<PluggedCaches> {
  const storage = storageOf(context, vm, folder);
  const opened: PluggedCaches = {};
  for (const cache of planned) {
    const { name, serial, bytes } = cache;
    opened[name] = { serial, path: await storage.openCache(cache), bytes };
  }
  return opened;
}

/** @param clean the guest has unmounted them, and they were closed in order */
export async function closeCaches(
  context: Context,
  vm: VmRecord,
  folder: string,
  clean: boolean,
  report: Report,
): Promise<void> {
  const storage = storageOf(context, vm, folder);
  for (const [cache, overlay] of Object.entries(vm.caches)) {
    if (!clean) {
      await storage.discardCache(cache, overlay);
      continue;
    }
    // It is gone afterwards, when another build was faster.
    const size = await sizeOf(overlay.path);
    const outcome = await storage.sealCache(cache, overlay);
    if (outcome === 'gone') {
      report({
        type: 'notice',
        level: 'warning',
        text: `The disk ${overlay.path} of the cache ${cache} was removed, or cannot be read: what this VM fetched is not kept.`,
      });
    }
    if (outcome === 'damaged') {
      report({
        type: 'notice',
        level: 'warning',
        text: `The disk of the cache ${cache} was not closed in order: what the VM ${vm.id} added to it${size} is dropped, and will be fetched again.`,
      });
    }
    if (outcome === 'overtaken') {
      report({
        type: 'notice',
        level: 'warning',
        text: `Another build has updated the cache ${cache} meanwhile: what the VM ${vm.id} added to it${size} is dropped, and will be fetched again.`,
      });
    }
  }
}

/** In words; nothing for a volume on the host that runs the VM. */
async function sizeOf(overlay: string): Promise<string> {
  const bytes = await stat(overlay).then(
    ({ blocks }) => blocks * 512,
    () => undefined,
  );
  return bytes === undefined ? '' : ` (${formatBytes(bytes)})`;
}
