/**
 * Cache disks, in generations.
 *
 *   caches/NAME/
 *     generation-0001.qcow2   sealed: never written to again
 *     generation-0002.qcow2   sealed, has 0001 as its backing file
 *     run-VMID.qcow2          of a running VM, has the generation it started from as its backing file
 *
 * A build writes to an overlay of its own over the newest generation. Only when the guest has
 * unmounted it and QEMU has closed it does it become the next generation, by one rename. So any
 * number of builds may run at once, and a crash at any moment loses that build's additions only.
 * When two builds started from the same generation, the first to end adds its packages; the
 * second's additions are fetched again some day.
 */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { entriesOf } from '../process/entries.js';
import { lock } from '../process/lock.js';
import { run } from '../process/run.js';
import { isWhole } from './check.js';
import { virtualSize } from './qcow2.js';

/** A chain longer than this is made one file again: each link costs QEMU a look-up per read. */
const LONGEST_CHAIN = 8;

const GENERATION = /^generation-(\d{4,})\.qcow2$/;
const RUN = /^run-(.+)\.qcow2$/;

export interface CacheDisk {
  /** Name of the cache's folder. */
  readonly cache: string;
  /** Path of this VM's overlay. */
  readonly path: string;
}

export interface CacheStore {
  /** The folder of all caches. */
  readonly folder: string;
  readonly lockFile: (cache: string) => string;
}

interface Generation {
  readonly number: number;
  readonly file: string;
}

const generationName = (number: number): string => `generation-${String(number).padStart(4, '0')}.qcow2`;

/**
 * Makes this VM's overlay over the newest generation; the very first is an empty disk.
 * @param bytes that it should have: it is no smaller than what it stands on, which has a file system of that size
 */
export async function openCache(
  store: CacheStore,
  cache: string,
  vmId: string,
  bytes: number,
  signal: AbortSignal,
): Promise<CacheDisk> {
  const folder = join(store.folder, cache);
  await mkdir(folder, { recursive: true });
  await using _held = await lock(store.lockFile(cache), { purpose: `opens the cache ${cache}`, signal });
  const path = join(folder, `run-${vmId}.qcow2`);
  const newest = (await generations(folder)).at(-1);
  const create = ['create', '-q', '-f', 'qcow2'];
  if (newest === undefined) await run('qemu-img', [...create, path, String(bytes)], { signal });
  else {
    const size = Math.max(bytes, await virtualSize(join(folder, newest.file)));
    const over = [...create, '-b', newest.file, '-F', 'qcow2', basename(path), String(size)];
    await run('qemu-img', over, { cwd: folder, signal });
  }
  return { cache, path };
}

export type SealOutcome = 'sealed' | 'overtaken' | 'gone' | 'damaged';

/**
 * Makes the overlay of a VM that has ended in order the next generation.
 * @returns `overtaken` when another build has sealed one since this VM started, `damaged` when QEMU did not close it whole:
 * its additions are dropped
 */
export async function sealCache(
  store: CacheStore,
  disk: CacheDisk,
  signal: AbortSignal,
): Promise<SealOutcome> {
  const folder = join(store.folder, disk.cache);
  await using _held = await lock(store.lockFile(disk.cache), {
    purpose: `seals the cache ${disk.cache}`,
    signal,
  });
  const chain = await backingChain(disk.path);
  if (chain.length === 0) return 'gone';
  const known = await generations(folder);
  const newest = known.at(-1);
  if ((chain[1] ?? undefined) !== newest?.file) {
    await rm(disk.path, { force: true });
    return 'overtaken';
  }
  if (!(await isWhole(disk.path))) {
    await rm(disk.path, { force: true });
    return 'damaged';
  }
  const next = join(folder, generationName((newest?.number ?? 0) + 1));
  if (chain.length > LONGEST_CHAIN) {
    const whole = `${disk.path}.whole`;
    await run('qemu-img', ['convert', '-q', '-O', 'qcow2', disk.path, whole], { signal });
    await flush(whole);
    await rename(whole, next);
    await rm(disk.path);
  } else {
    await flush(disk.path);
    await rename(disk.path, next);
  }
  await flush(folder);
  await prune(folder);
  return 'sealed';
}

/** Drops the overlay of a VM. */
export async function discardCache(disk: CacheDisk): Promise<void> {
  await rm(disk.path, { force: true });
}

/** An overlay of a VM, or the whole file that is being made of one. */
export interface RunOverlay {
  readonly vm: string;
  readonly path: string;
}

export async function listOverlays(store: CacheStore): Promise<readonly RunOverlay[]> {
  const overlays: RunOverlay[] = [];
  for (const cache of await entriesOf(store.folder)) {
    const folder = join(store.folder, cache);
    for (const name of await entriesOf(folder)) {
      const vm = RUN.exec(name.replace(/\.whole$/, ''))?.[1];
      if (vm !== undefined) overlays.push({ vm, path: join(folder, name) });
    }
  }
  return overlays;
}

/**
 * Removes overlays of VMs that are no more.
 * @param overlays listed before the VMs were: that of a VM that was begun since is not among them
 * @returns the names of those VMs
 */
export async function reapCaches(
  overlays: readonly RunOverlay[],
  liveVms: ReadonlySet<string>,
): Promise<readonly string[]> {
  const dead = overlays.filter(({ vm }) => !liveVms.has(vm));
  for (const { path } of dead) await rm(path, { force: true });
  return dead.map(({ vm }) => vm);
}

export interface CacheSummary {
  readonly name: string;
  readonly generations: number;
  readonly runs: number;
  /** Bytes on the host's disk. */
  readonly bytes: number;
}

export async function listCaches(store: CacheStore): Promise<readonly CacheSummary[]> {
  const summaries: CacheSummary[] = [];
  for (const name of await entriesOf(store.folder)) {
    const folder = join(store.folder, name);
    const files = await entriesOf(folder);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).blocks * 512));
    summaries.push({
      name,
      generations: files.filter((file) => GENERATION.test(file)).length,
      runs: files.filter((file) => RUN.test(file)).length,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
    });
  }
  return summaries;
}

/** Removes all generations of a cache. False when a VM has it plugged in. */
export async function cleanCache(store: CacheStore, cache: string, signal: AbortSignal): Promise<boolean> {
  const folder = join(store.folder, cache);
  await using _held = await lock(store.lockFile(cache), { purpose: `removes the cache ${cache}`, signal });
  if ((await entriesOf(folder)).some((file) => RUN.test(file))) return false;
  await rm(folder, { recursive: true, force: true });
  return true;
}

/** Removes generations that neither the newest generation nor a running VM needs. */
async function prune(folder: string): Promise<void> {
  const known = await generations(folder);
  const newest = known.at(-1);
  const heads = (await entriesOf(folder)).filter((name) => RUN.test(name));
  if (newest !== undefined) heads.push(newest.file);
  const chains = await Promise.all(heads.map((head) => backingChain(join(folder, head))));
  // One that cannot be read does not say what it needs: leave everything to a later time.
  if (chains.some((chain) => chain.length === 0)) return;
  const needed = new Set(chains.flat());
  for (const generation of known) {
    if (!needed.has(generation.file)) await rm(join(folder, generation.file), { force: true });
  }
}

const chainInfo = z.array(z.looseObject({ filename: z.string() }));

/** File names of an image and all its backing files, itself first; empty when it does not exist. */
async function backingChain(path: string): Promise<readonly string[]> {
  // --force-share: a running VM holds its own lock on the image.
  // -f: what does not begin as a qcow2 is no cache disk of ours, whatever a probe would call it.
  const info = ['info', '--output=json', '--force-share', '--backing-chain', '-f', 'qcow2', path];
  const result = await run('qemu-img', info, { accept: [0, 1] });
  if (result.exitCode !== 0) return [];
  return chainInfo.parse(JSON.parse(result.stdout)).map((image) => basename(image.filename));
}

async function generations(folder: string): Promise<readonly Generation[]> {
  return (await entriesOf(folder))
    .flatMap((file) => {
      const match = GENERATION.exec(file);
      return match === null ? [] : [{ number: Number(match[1]), file }];
    })
    .sort((a, b) => a.number - b.number);
}

/** Waits until a file or folder is on the disk: only then may others rely on it. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
