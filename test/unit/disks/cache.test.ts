import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  cleanCache,
  discardCache,
  listCaches,
  listOverlays,
  openCache,
  reapCaches,
  type CacheStore,
} from '../../../src/disks/cache.js';
import { run } from '../../../src/process/run.js';
import { failure } from '../source/repository.js';
import { emptyStore, files, holds, info, MIB, openIt, seal, signal, write } from './store.js';

describe('the first build', () => {
  it('has an empty disk of the size that was asked for, which becomes generation 1', async () => {
    const store = await emptyStore();
    const disk = await openIt(store, 'vm1');
    expect(await files(store)).toEqual(['run-vm1.qcow2']);
    expect(await info(disk.path)).toMatchObject({ 'virtual-size': 64 * MIB });
    await write(disk, 1);
    expect(await seal(store, disk)).toBe('sealed');
    expect(await files(store)).toEqual(['generation-0001.qcow2']);
    expect(await holds(join(store.folder, 'example-packages/generation-0001.qcow2'), 1)).toBe(true);
  });

  it('that is not sealed leaves nothing', async () => {
    const store = await emptyStore();
    const disk = await openIt(store, 'vm1');
    await discardCache(disk);
    await discardCache(disk);
    expect(await files(store)).toEqual([]);
  });
});

describe('a later build', () => {
  it('sees what the newest generation holds, and adds to it without touching it', async () => {
    const store = await emptyStore();
    const first = await openIt(store, 'vm1');
    await write(first, 1);
    await seal(store, first);
    const second = await openIt(store, 'vm2', 32 * MIB);
    expect(await info(second.path)).toMatchObject({
      'virtual-size': 64 * MIB,
      'backing-filename': 'generation-0001.qcow2',
    });
    expect(await holds(second.path, 1)).toBe(true);
    await write(second, 2, MIB);
    expect(await seal(store, second)).toBe('sealed');
    expect(await files(store)).toEqual(['generation-0001.qcow2', 'generation-0002.qcow2']);
    const [one, two] = (await files(store)).map((name) => join(store.folder, 'example-packages', name));
    expect(await holds(one ?? '', 2, MIB)).toBe(false);
    expect([await holds(two ?? '', 1), await holds(two ?? '', 2, MIB)]).toEqual([true, true]);
  });

  it('has as much room as is asked for now, when that is more', async () => {
    const store = await emptyStore();
    await seal(store, await openIt(store, 'vm1'));
    const larger = await openIt(store, 'vm2', 128 * MIB);
    expect(await info(larger.path)).toMatchObject({ 'virtual-size': 128 * MIB });
    await seal(store, larger);
    // What has a file system of that size keeps it.
    expect(await info((await openIt(store, 'vm3')).path)).toMatchObject({ 'virtual-size': 128 * MIB });
  });

  it('whose overlay is gone seals nothing', async () => {
    const store = await emptyStore();
    const disk = await openIt(store, 'vm1');
    await rm(disk.path);
    expect(await seal(store, disk)).toBe('gone');
    expect(await files(store)).toEqual([]);
  });

  it('works after the whole store was moved: no path in it is absolute', async () => {
    const store = await emptyStore();
    await seal(store, await openIt(store, 'vm1'));
    await write(await openIt(store, 'vm2'), 2);
    const moved: CacheStore = { ...store, folder: `${store.folder} moved` };
    await run('mv', [store.folder, moved.folder]);
    const disk = { cache: 'example-packages', path: join(moved.folder, 'example-packages/run-vm2.qcow2') };
    expect(await seal(moved, disk)).toBe('sealed');
  });
});

describe('two builds at once', () => {
  it.each([
    ['from nothing', false],
    ['from the same generation', true],
  ])('%s: the first to end is kept, the second is overtaken', async (_name, begun) => {
    const store = await emptyStore();
    if (begun) await seal(store, await openIt(store, 'vm0'));
    const [first, second] = await Promise.all([openIt(store, 'vm1'), openIt(store, 'vm2')]);
    await Promise.all([write(first, 1), write(second, 2)]);
    expect([await seal(store, second), await seal(store, first)]).toEqual(['sealed', 'overtaken']);
    const newest = (await files(store)).at(-1) ?? '';
    expect(newest).toBe(begun ? 'generation-0002.qcow2' : 'generation-0001.qcow2');
    expect(await holds(join(store.folder, 'example-packages', newest), 2)).toBe(true);
    expect((await files(store)).filter((name) => name.startsWith('run-'))).toEqual([]);
  });

  it('that end at the same moment: exactly one is kept', async () => {
    const store = await emptyStore();
    const disks = await Promise.all(['a', 'b', 'c', 'd'].map((vm) => openIt(store, vm)));
    const outcomes = await Promise.all(disks.map((disk) => seal(store, disk)));
    expect(outcomes.filter((outcome) => outcome === 'sealed')).toHaveLength(1);
    expect(await files(store)).toEqual(['generation-0001.qcow2']);
  });
});

describe('what a crash leaves', () => {
  it('is removed once its VM is no more, a half-made whole file too', async () => {
    const store = await emptyStore();
    await seal(store, await openIt(store, 'vm1'));
    await openIt(store, 'dead');
    await openIt(store, 'alive');
    await writeFile(join(store.folder, 'example-packages/run-dead2.qcow2.whole'), '');
    const reaped = await reapCaches(await listOverlays(store), new Set(['alive']));
    expect([...reaped].sort()).toEqual(['dead', 'dead2']);
    expect(await files(store)).toEqual(['generation-0001.qcow2', 'run-alive.qcow2']);
    expect(await reapCaches(await listOverlays(store), new Set(['alive']))).toEqual([]);
  });

  it('is nothing where there is no store', async () => {
    const store = await emptyStore();
    expect(await reapCaches(await listOverlays(store), new Set())).toEqual([]);
    expect(await listCaches(store)).toEqual([]);
  });

  it.each([
    ['damaged', 'says that clusters in use are free', Buffer.alloc(4), 128 * 1024],
    ['sealed', 'only wastes room', Buffer.from([0, 1]), 128 * 1024 + 100],
  ] as const)('an overlay is %s when it %s', async (outcome, _what, bytes, offset) => {
    const store = await emptyStore();
    await seal(store, await openIt(store, 'vm1'));
    const disk = await openIt(store, 'vm2');
    await write(disk, 1);
    // What counts uses of clusters is the third cluster of a new image: two bytes for each.
    const file = await open(disk.path, 'r+');
    await file.write(bytes, 0, bytes.length, offset);
    await file.close();
    expect(await seal(store, disk)).toBe(outcome);
    const sealed = outcome === 'sealed' ? ['generation-0002.qcow2'] : [];
    expect(await files(store)).toEqual(['generation-0001.qcow2', ...sealed]);
  });

  it('a damaged overlay does not damage the cache', async () => {
    const store = await emptyStore();
    await seal(store, await openIt(store, 'vm1'));
    const disk = await openIt(store, 'vm2');
    await writeFile(disk.path, 'this is no disk image');
    await seal(store, disk);
    const next = await openIt(store, 'vm3');
    expect((await info(next.path))['backing-filename']).toBe('generation-0001.qcow2');
  });
});

describe('the list, and cleaning', () => {
  it('counts generations, VMs and bytes', async () => {
    const store = await emptyStore();
    const disk = await openIt(store, 'vm1');
    await write(disk, 1);
    await seal(store, disk);
    await openIt(store, 'vm2');
    const [summary, ...rest] = await listCaches(store);
    expect(rest).toEqual([]);
    expect(summary).toMatchObject({ name: 'example-packages', generations: 1, runs: 1 });
    expect(summary?.bytes).toBeGreaterThan(64 * 1024);
    expect(summary?.bytes).toBeLessThan(4 * MIB);
  });

  it('cleaning refuses while a VM has the disk, and removes everything afterwards', async () => {
    const store = await emptyStore();
    await seal(store, await openIt(store, 'vm1'));
    const disk = await openIt(store, 'vm2');
    expect(await cleanCache(store, 'example-packages', signal)).toBe(false);
    expect(await files(store)).toHaveLength(2);
    await discardCache(disk);
    expect(await cleanCache(store, 'example-packages', signal)).toBe(true);
    expect(await readdir(store.folder)).toEqual([]);
  });

  it('an interruption opens nothing', async () => {
    const store = await emptyStore();
    await mkdir(store.folder, { recursive: true });
    const opened = openCache(store, 'example-packages', 'vm1', MIB, AbortSignal.abort());
    expect(await failure(opened)).toMatchObject({ kind: 'interrupted' });
    expect(await files(store)).toEqual([]);
  });
});
