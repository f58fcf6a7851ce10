/** Cache disks wherever they are: in files of this person's, and in the pools that VMs of theirs ran from. */
import { cleanCache, listCaches, type CacheSummary } from '../../disks/cache.js';
import { messageOf } from '../../errors.js';
import { cleanPoolCache, listPoolCaches } from '../../vm/libvirt/pool-caches.js';
import { notedConnections } from '../box/copies.js';
import type { Context } from '../context.js';
import { cacheStore } from './caches.js';

export interface CacheAt extends CacheSummary {
  /** libvirt's URI, for one in a pool. */
  readonly connection?: string;
}

/** A libvirt that does not answer is told, and left out. */
export async function allCaches(context: Context): Promise<readonly CacheAt[]> {
  const found: CacheAt[] = [...(await listCaches(cacheStore(context)))];
  for (const connection of await notedConnections(context)) {
    try {
      const caches = await listPoolCaches(connection);
      found.push(...caches.map((cache) => ({ ...cache, connection })));
    } catch (error) {
      const text = `The caches at ${connection} are not seen: ${messageOf(error)}`;
      context.report({ type: 'notice', level: 'warning', text });
    }
  }
  return found;
}

/** @returns false when a VM has it plugged in */
export async function removeCache(context: Context, { name, connection }: CacheAt): Promise<boolean> {
  return connection === undefined
    ? await cleanCache(cacheStore(context), name, context.signal)
    : await cleanPoolCache(connection, name);
}
