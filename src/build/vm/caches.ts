/** Cache disks of a VM: opened over the newest generation, sealed when the VM ended in order. */
import type { CacheStore } from '../../disks/cache.js';
import { discardCache, openCache, sealCache } from '../../disks/cache.js';
import { cachesFolder, lockFile } from '../../paths.js';
import type { Report } from '../../report/events.js';
import type { Context } from '../context.js';
import type { PlannedCache } from '../plan/plan.js';

export const cacheStore = (context: Context): CacheStore => ({
  folder: cachesFolder(context.home),
  lockFile: (cache) => lockFile(context.home, `cache-${cache}`),
});

/** A cache disk as a VM's record has it. */
export interface PluggedCache {
  /** How the guest finds it. */
  readonly serial: string;
  readonly path: string;
}

export interface OpenedCache {
  readonly name: string;
  readonly disk: PluggedCache;
}

export async function openCaches(
  context: Context,
  vmId: string,
  planned: readonly PlannedCache[],
): Promise<readonly OpenedCache[]> {
  const opened: OpenedCache[] = [];
  for (const cache of planned) {
    const disk = await openCache(cacheStore(context), cache.name, vmId, cache.bytes, context.signal);
    opened.push({ name: cache.name, disk: { serial: cache.serial, path: disk.path } });
  }
  return opened;
}

/** @param caches cache → path of the VM's overlay, as the VM's record has it */
export async function closeCaches(
  context: Context,
  caches: Readonly<Record<string, PluggedCache>>,
  clean: boolean,
  report: Report,
): Promise<void> {
  for (const [cache, { path }] of Object.entries(caches)) {
    if (!clean) {
      await discardCache({ cache, path });
      continue;
    }
    // Sealing is short and must not be cut in half by an impatient Ctrl-C.
    const outcome = await sealCache(cacheStore(context), { cache, path }, new AbortController().signal);
    if (outcome === 'overtaken') {
      report({
        type: 'notice',
        level: 'info',
        text: `Another build has updated the cache ${cache} meanwhile: what this one fetched is not kept.`,
      });
    }
  }
}
