/** Cache disks in a storage pool, with a real libvirtd and no VM: many builds, one after the other and at once. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { smallMachine, type Machine } from '../rig/machines.js';
import { folder } from '../rig/mayfly.js';

const MODULE = fileURLToPath(new URL('../../dist/vm/libvirt/pool-caches.js', import.meta.url));

let machine: Machine;

beforeAll(async () => {
  machine = await smallMachine(folder);
});

afterAll(async () => {
  await machine.end();
});

/** Runs code there that has the module as `caches`, and says something as JSON. */
async function inside(code: string): Promise<unknown> {
  const program = [
    `import * as caches from ${JSON.stringify(MODULE)};`,
    "const uri = 'qemu:///system';",
    'const { signal } = new AbortController();',
    "const disk = (vmId) => ({ cache: 'p', vmId, bytes: 2 ** 26 });",
    'const say = (value) => console.log(JSON.stringify(value));',
    'try {',
    code,
    '} catch (error) { say(String(error)) }',
  ].join('\n');
  return JSON.parse(await machine.run(process.execPath, '--input-type=module', '--eval', program));
}

it('generation follows generation, and a long chain becomes one that stands on nothing', async () => {
  const found = await inside(`
    for (let turn = 0; turn < 11; turn++) {
      await caches.openPoolCache(uri, disk('vm' + turn), signal);
      await caches.sealPoolCache(uri, disk('vm' + turn), signal);
    }
    say(await caches.listPoolCaches(uri));
  `);
  // The ninth made the tenth of them all; what it replaced is kept until the next time.
  expect(found).toMatchObject([{ name: 'p', generations: 12, runs: 0 }]);
  // From another host, which may log in a few times at once only.
  const later = await inside(`
    const over = 'qemu+ssh://root@127.0.0.1:2222/system';
    for (let turn = 20; turn < 28; turn++) {
      await caches.openPoolCache(over, disk('vm' + turn), signal);
      await caches.sealPoolCache(over, disk('vm' + turn), signal);
    }
    say(await caches.listPoolCaches(uri));
  `);
  expect(later).toMatchObject([{ name: 'p', runs: 0 }]);
  expect((later as [{ generations: number }])[0].generations).toBeLessThan(14);
});

it('of two that began together, one is the next; one in use is not removed', async () => {
  const found = await inside(`
    await caches.openPoolCache(uri, disk('a'), signal);
    await caches.openPoolCache(uri, disk('b'), signal);
    const used = await caches.cleanPoolCache(uri, 'p');
    const sealed = [await caches.sealPoolCache(uri, disk('a'), signal), await caches.sealPoolCache(uri, disk('b'), signal)];
    const removed = await caches.cleanPoolCache(uri, 'p');
    say({ used, sealed, removed, left: await caches.listPoolCaches(uri) });
  `);
  expect(found).toEqual({ used: false, sealed: ['sealed', 'overtaken'], removed: true, left: [] });
});
