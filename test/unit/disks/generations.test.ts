import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/process/run.js';
import { emptyStore, files, holds, info, MIB, openIt, seal, write } from './store.js';

describe('many generations', () => {
  it('become one file again, and those that nobody needs are removed', async () => {
    const store = await emptyStore();
    for (let count = 1; count <= 8; count += 1) {
      const disk = await openIt(store, `vm${count}`);
      await write(disk, count, count * MIB);
      await seal(store, disk);
    }
    expect(await files(store)).toHaveLength(8);
    const ninth = await openIt(store, 'vm9');
    await write(ninth, 9, 9 * MIB);
    expect(await seal(store, ninth)).toBe('sealed');
    expect(await files(store)).toEqual(['generation-0009.qcow2']);
    const whole = join(store.folder, 'example-packages/generation-0009.qcow2');
    expect((await info(whole))['backing-filename']).toBeUndefined();
    for (let count = 1; count <= 9; count += 1) expect(await holds(whole, count, count * MIB)).toBe(true);
  });

  it('stay as long as a running VM needs them', async () => {
    const store = await emptyStore();
    await seal(store, await openIt(store, 'vm1'));
    await seal(store, await openIt(store, 'vm2'));
    const running = await openIt(store, 'running');
    for (let count = 3; count <= 9; count += 1) await seal(store, await openIt(store, `vm${count}`));
    expect(await files(store)).toEqual([
      'generation-0001.qcow2',
      'generation-0002.qcow2',
      'generation-0009.qcow2',
      'run-running.qcow2',
    ]);
    expect(await holds(running.path, 0)).toBe(true);
    expect(await seal(store, running)).toBe('overtaken');
    await seal(store, await openIt(store, 'last'));
    expect(await files(store)).toEqual(['generation-0009.qcow2', 'generation-0010.qcow2']);
  });

  it('stay when an overlay cannot be read, as it does not say what it needs', async () => {
    const store = await emptyStore();
    for (let count = 1; count <= 8; count += 1) await seal(store, await openIt(store, `vm${count}`));
    await mkdir(join(store.folder, 'example-packages/run-strange.qcow2'));
    await seal(store, await openIt(store, 'vm9'));
    expect((await files(store)).filter((name) => name.startsWith('generation-'))).toHaveLength(9);
  });

  it('beyond 9999 are still ordered by number', async () => {
    const store = await emptyStore();
    await seal(store, await openIt(store, 'vm1'));
    const folder = join(store.folder, 'example-packages');
    await run('mv', ['generation-0001.qcow2', 'generation-9999.qcow2'], { cwd: folder });
    await seal(store, await openIt(store, 'vm2'));
    await seal(store, await openIt(store, 'vm3'));
    expect(await files(store)).toEqual([
      'generation-10000.qcow2',
      'generation-10001.qcow2',
      'generation-9999.qcow2',
    ]);
  });
});
