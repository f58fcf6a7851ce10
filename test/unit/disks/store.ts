/** Real disk images in a cache store of a test's own. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache, sealCache, type CacheDisk, type CacheStore } from '../../../src/disks/cache.js';
import { run } from '../../../src/process/run.js';
import { temporaryFolder } from '../source/repository.js';

export const MIB = 2 ** 20;
export const { signal } = new AbortController();

export async function emptyStore(): Promise<CacheStore> {
  const root = await temporaryFolder();
  return { folder: join(root, 'caches'), lockFile: (cache) => join(root, 'locks', `${cache}.lock`) };
}

export const openIt = (store: CacheStore, vm: string, bytes = 64 * MIB): Promise<CacheDisk> =>
  openCache(store, 'example-packages', vm, bytes, signal);
export const seal = (store: CacheStore, disk: CacheDisk) => sealCache(store, disk, signal);
export const files = async (store: CacheStore): Promise<readonly string[]> =>
  (await readdir(join(store.folder, 'example-packages'))).sort();

/** What a guest would do: one byte value over the first part of a disk, from an offset. */
export async function write(disk: CacheDisk, pattern: number, offset = 0): Promise<void> {
  await run('qemu-io', ['-f', 'qcow2', '-c', `write -q -P ${pattern} ${offset} 64k`, disk.path]);
}

/** Whether a disk holds the byte value there. */
export async function holds(path: string, pattern: number, offset = 0): Promise<boolean> {
  const result = await run(
    'qemu-io',
    ['-r', '-f', 'qcow2', '-c', `read -q -P ${pattern} ${offset} 64k`, path],
    {
      accept: [0, 1],
    },
  );
  return result.exitCode === 0 && !result.stdout.includes('failed');
}

export interface ImageInfo {
  readonly 'virtual-size': number;
  readonly 'backing-filename'?: string;
}

export async function info(path: string): Promise<ImageInfo> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', path]);
  return JSON.parse(stdout) as ImageInfo;
}
