/**
 * Cache disks that live in the storage pool of the host that runs the VM, in generations, as src/disks/cache.ts has
 * them in files:
 *
 *   mayfly-cache-NAME-run-VMID.qcow2          of one VM, over the generation it started from; sealed, it stays
 *   mayfly-cache-NAME-generation-0001.qcow2   an empty overlay over the run that was sealed as this generation
 *
 * A generation appears in one step, and only one of those that began from the same one can be the next.
 */
import { createVolume, backingOf, deleteVolume, listVolumes, publishVolume, volumePath } from './pool.js';

export interface PoolCache {
  readonly cache: string;
  readonly vmId: string;
  /** Bytes; the same for all its generations. */
  readonly bytes: number;
}

const prefix = (cache: string): string => `mayfly-cache-${cache}-`;
export const runVolume = (cache: string, vmId: string): string => `${prefix(cache)}run-${vmId}.qcow2`;
const generationVolume = (cache: string, number: number): string =>
  `${prefix(cache)}generation-${String(number).padStart(4, '0')}.qcow2`;

interface Generation {
  readonly number: number;
  readonly name: string;
}

/** Oldest first. Pure. */
export function generationsOf(names: readonly string[], cache: string): readonly Generation[] {
  return names
    .flatMap((name) => {
      if (!name.startsWith(prefix(cache))) return [];
      const number = /^generation-(\d{4,})\.qcow2$/.exec(name.slice(prefix(cache).length))?.[1];
      return number === undefined ? [] : [{ number: Number(number), name }];
    })
    .sort((a, b) => a.number - b.number);
}

/** Makes this VM's overlay over the newest generation. @returns its path on the host */
export async function openPoolCache(uri: string, wanted: PoolCache, signal: AbortSignal): Promise<string> {
  const newest = generationsOf(await listVolumes(uri), wanted.cache).at(-1);
  const name = runVolume(wanted.cache, wanted.vmId);
  const volume = { name, bytes: wanted.bytes, format: 'qcow2' } as const;
  await createVolume(uri, newest === undefined ? volume : { ...volume, backing: newest.name }, signal);
  return await volumePath(uri, name, signal);
}

/** Makes the overlay of a VM that has ended in order the next generation, unless another has become it meanwhile. */
export async function sealPoolCache(
  uri: string,
  { cache, vmId, bytes }: PoolCache,
  signal: AbortSignal,
): Promise<'sealed' | 'overtaken' | 'gone'> {
  const names = await listVolumes(uri);
  const run = runVolume(cache, vmId);
  if (!names.includes(run)) return 'gone';
  const newest = generationsOf(names, cache).at(-1);
  const begun = await backingOf(uri, run);
  const next = generationVolume(cache, (newest?.number ?? 0) + 1);
  const isNext = begun === newest?.name;
  if (isNext && (await publishVolume(uri, { name: next, bytes, format: 'qcow2', backing: run }, signal))) {
    return 'sealed';
  }
  await deleteVolume(uri, run);
  return 'overtaken';
}

/** Drops the overlay of a VM, unless it was sealed: then it is part of the cache. */
export async function discardPoolCache(uri: string, cache: string, vmId: string): Promise<void> {
  const names = await listVolumes(uri);
  const run = runVolume(cache, vmId);
  if (!names.includes(run)) return;
  for (const { name } of generationsOf(names, cache)) {
    if ((await backingOf(uri, name)) === run) return;
  }
  await deleteVolume(uri, run);
}
