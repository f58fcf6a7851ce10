/**
 * Cache disks that live in the storage pool of the host that runs the VM, in generations, as src/disks/cache.ts has
 * them in files:
 *
 *   mayfly-cache-NAME-run-VMID.qcow2          of one VM, over the generation it started from; sealed, it stays
 *   mayfly-cache-NAME-generation-0001.qcow2   an empty overlay over the run that was sealed as this generation
 *
 * A generation appears in one step, and only one of those that began from the same one can be the next. When many
 * stand on each other, one that stands on nothing is made of them all.
 */
import { copyVolume, createVolume, deleteVolume, publishVolume, volumePath } from './pool.js';
import { describeVolumes, listVolumes, type VolumeFacts } from './volumes.js';

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

/**
 * Makes this VM's overlay over the newest generation: no smaller than that, which has a file system of its size.
 * @returns its path on the host
 */
export async function openPoolCache(uri: string, wanted: PoolCache, signal: AbortSignal): Promise<string> {
  const newest = generationsOf(await listVolumes(uri), wanted.cache).at(-1);
  const name = runVolume(wanted.cache, wanted.vmId);
  const format = 'qcow2';
  if (newest === undefined) await createVolume(uri, { name, bytes: wanted.bytes, format }, signal);
  else {
    const bytes = Math.max(wanted.bytes, (await factsOf(uri, newest.name))?.capacity ?? 0);
    await createVolume(uri, { name, bytes, format, backing: newest.name }, signal);
  }
  return await volumePath(uri, name, signal);
}

/** Makes the overlay of a VM that has ended in order the next generation, unless another has become it meanwhile. */
export async function sealPoolCache(
  uri: string,
  { cache, vmId, bytes: wanted }: PoolCache,
  signal: AbortSignal,
): Promise<'sealed' | 'overtaken' | 'gone'> {
  const names = await listVolumes(uri);
  const run = runVolume(cache, vmId);
  if (!names.includes(run)) return 'gone';
  const known = generationsOf(names, cache);
  const facts = await factsOf(uri, run);
  const begun = facts?.backing;
  const bytes = Math.max(wanted, facts?.capacity ?? 0);
  const newest = known.at(-1);
  // The number that follows the one it began from, whatever has been published since: only one can have it.
  const next = { number: (newest?.number ?? 0) + 1, run };
  if (begun === newest?.name && (await publish(uri, { cache, vmId, bytes }, next, signal))) {
    const volumes = await volumesOf(uri, cache);
    if (chainOf(volumes, run).length > LONGEST_CHAIN)
      await makeWhole(uri, { cache, vmId, bytes }, next, signal);
    return 'sealed';
  }
  await deleteVolume(uri, run);
  return 'overtaken';
}

const factsOf = async (uri: string, name: string): Promise<VolumeFacts | undefined> =>
  (await describeVolumes(uri, [name])).get(name);

/** What is to be a generation. */
interface Sealed {
  readonly number: number;
  /** The volume that it is. */
  readonly run: string;
}

/** @returns false when another was first */
async function publish(
  uri: string,
  { cache, bytes }: PoolCache,
  { number, run }: Sealed,
  signal: AbortSignal,
): Promise<boolean> {
  const name = generationVolume(cache, number);
  return await publishVolume(uri, { name, bytes, format: 'qcow2', backing: run }, signal);
}

/** Volumes that stand on each other, two for each generation: with each, the VM reads more slowly. */
const LONGEST_CHAIN = 16;

/** The volume that is made of all that a VM's overlay stands on. */
const wholeVolume = (cache: string, vmId: string): string => runVolume(cache, `${vmId}-whole`);

/** One more generation, which stands on nothing; then removes those that nobody needs any more. */
async function makeWhole(uri: string, cache: PoolCache, sealed: Sealed, signal: AbortSignal): Promise<void> {
  const whole = wholeVolume(cache.cache, cache.vmId);
  try {
    await copyVolume(uri, { name: whole, bytes: cache.bytes }, sealed.run, signal);
    const next = { number: sealed.number + 1, run: whole };
    if (!(await publish(uri, cache, next, signal))) {
      await deleteVolume(uri, whole);
      return;
    }
  } catch (error) {
    // Left there, it would count as a VM that has the cache plugged in.
    await discardPoolCache(uri, cache.cache, cache.vmId).catch(() => undefined);
    throw error;
  }
  for (const name of needless(await volumesOf(uri, cache.cache), cache.cache)) await deleteVolume(uri, name);
}

/** Volumes of a cache, each with the name of the one below it. */
type Volumes = ReadonlyMap<string, string | undefined>;

async function volumesOf(uri: string, cache: string): Promise<Volumes> {
  const names = (await listVolumes(uri)).filter(
    (name) => generationsOf([name], cache).length > 0 || isRun(name, cache),
  );
  return new Map([...(await describeVolumes(uri, names))].map(([name, { backing }]) => [name, backing]));
}

/** A volume, and all that it stands on. Pure. */
export function chainOf(volumes: Volumes, top: string): readonly string[] {
  const chain: string[] = [];
  for (let name: string | undefined = top; name !== undefined; name = volumes.get(name)) {
    if (chain.includes(name)) break;
    chain.push(name);
  }
  return chain;
}

const isRun = (name: string, cache: string): boolean => name.startsWith(`${prefix(cache)}run-`);

/**
 * What neither the newest generation, nor the one before it, nor a run that is not sealed stands on: tops first, as they
 * may be deleted. The one before stays for those who have just chosen it to begin from. Pure.
 */
export function needless(volumes: Volumes, cache: string): readonly string[] {
  const generations = generationsOf([...volumes.keys()], cache);
  const sealed = new Set(generations.map(({ name }) => volumes.get(name)));
  const tops = [
    ...generations.slice(-2).map(({ name }) => name),
    ...[...volumes.keys()].filter((name) => isRun(name, cache) && !sealed.has(name)),
  ];
  const needed = new Set(tops.flatMap((top) => chainOf(volumes, top)));
  return generations
    .toReversed()
    .flatMap(({ name }) => [name, volumes.get(name)])
    .filter((name) => name !== undefined)
    .filter((name) => !needed.has(name));
}

export interface PoolCacheSummary {
  readonly name: string;
  readonly generations: number;
  /** Of VMs that have it plugged in. */
  readonly runs: number;
  /** On the host's disk. */
  readonly bytes: number;
}

export async function listPoolCaches(uri: string): Promise<readonly PoolCacheSummary[]> {
  const all = await describeVolumes(
    uri,
    (await listVolumes(uri)).filter((name) => cacheOf(name) !== undefined),
  );
  const caches = new Set([...all.keys()].map(cacheOf).filter((cache) => cache !== undefined));
  return [...caches].sort().map((cache) => {
    const volumes = [...all].filter(([name]) => cacheOf(name) === cache);
    const generations = generationsOf(
      volumes.map(([name]) => name),
      cache,
    );
    return {
      name: cache,
      generations: generations.length,
      runs: volumes.length - 2 * generations.length,
      bytes: volumes.reduce((sum, [, { allocation }]) => sum + allocation, 0),
    };
  });
}

/** The cache that a volume is of. */
const cacheOf = (volume: string): string | undefined =>
  /^mayfly-cache-(.+)-(?:generation-\d{4,}|run-[^.]+)\.qcow2$/.exec(volume)?.[1];

/** Removes all generations of a cache. False when a VM has it plugged in. */
export async function cleanPoolCache(uri: string, cache: string): Promise<boolean> {
  const volumes = await volumesOf(uri, cache);
  const generations = generationsOf([...volumes.keys()], cache);
  if (volumes.size > 2 * generations.length) return false;
  for (const { name } of generations.toReversed()) {
    const run = volumes.get(name);
    await deleteVolume(uri, name);
    if (run !== undefined) await deleteVolume(uri, run);
  }
  return true;
}

/** Drops the overlay of a VM, and a whole one that a crash left, unless it was sealed: then it is part of the cache. */
export async function discardPoolCache(uri: string, cache: string, vmId: string): Promise<void> {
  const volumes = await volumesOf(uri, cache);
  const sealed = new Set(generationsOf([...volumes.keys()], cache).map(({ name }) => volumes.get(name)));
  for (const run of [runVolume(cache, vmId), wholeVolume(cache, vmId)]) {
    if (volumes.has(run) && !sealed.has(run)) await deleteVolume(uri, run);
  }
}
