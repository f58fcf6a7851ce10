/** What a crash left is removed, and nothing that somebody still works with. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Context } from '../../../src/build/context.js';
import { openCache, sealCache } from '../../../src/disks/cache.js';
import { reapLeftovers } from '../../../src/build/reap.js';
import { adoptBuilderVm } from '../../../src/build/vm/adopt.js';
import { holdVm } from '../../../src/build/vm/builder-vm.js';
import { cacheStore, closeCaches } from '../../../src/build/vm/caches.js';
import { findKeptVm } from '../../../src/build/vm/kept.js';
import { buildsFolder, cachesFolder, vmsFolder } from '../../../src/paths.js';
import { currentOwner, ownerOf } from '../../../src/process/owner.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import { spawnSleep } from '../../rig/sleeper.js';
import { listVms, makeVmFolder, writeVmRecord, type VmRecord } from '../../../src/vm/registry.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { contextIn } from './plan/project.js';

async function emptyHome(): Promise<Context> {
  const folder = await temporaryFolder();
  return contextIn(folder, join(folder, 'home'), { MAYFLY_TMPDIR: folder });
}

const cache = (context: Context): string => join(cachesFolder(context.home), 'example-packages');

async function put(context: Context, record: Partial<VmRecord>): Promise<string> {
  const whole = { ...RECORD, ...record };
  const folder = await makeVmFolder(vmsFolder(context.home), whole.id);
  await writeVmRecord(folder, whole);
  await mkdir(cache(context), { recursive: true });
  await writeFile(join(cache(context), `run-${whole.id}.qcow2`), '');
  return folder;
}

it('a VM of a mayfly that is gone is removed, with its cache overlay', async () => {
  const context = await emptyHome();
  await put(context, {});
  await put(context, { id: 'ours', owner: await currentOwner() });
  const told = await reapLeftovers(context, () => undefined);
  expect(told).toEqual([
    `the VM ${RECORD.id} of a mayfly that is gone`,
    `the cache overlay of the VM ${RECORD.id}`,
  ]);
  expect(await readdir(vmsFolder(context.home))).toEqual(['ours']);
  expect(await readdir(cache(context))).toEqual(['run-ours.qcow2']);
});

it('a VM whose mayfly lives on another host, or in another container, is left alone', async () => {
  const context = await emptyHome();
  await put(context, {});
  const being = await makeVmFolder(vmsFolder(context.home), 'being-made');
  await writeFile(join(being, '.owner.json'), JSON.stringify(RECORD.owner));
  const held = [await holdVm(context, RECORD.id), await holdVm(context, 'being-made')];
  expect(await reapLeftovers(context, () => undefined)).toEqual([]);
  expect((await readdir(vmsFolder(context.home))).sort()).toEqual([RECORD.id, 'being-made']);
  expect(await readdir(cache(context))).toEqual([`run-${RECORD.id}.qcow2`]);
  for (const lock of held) await lock.release();
  expect(await reapLeftovers(context, () => undefined)).toHaveLength(3);
  expect(await readdir(vmsFolder(context.home))).toEqual([]);
});

it('a VM that was to be kept is, though its mayfly was killed; once its QEMU has ended, it goes', async () => {
  const context = await emptyHome();
  const qemu = await spawnSleep('qemu-like');
  const own = await ownerOf(qemu.pid);
  const folder = await put(context, { toBeKept: true, process: own, port: 2222 });
  expect(await reapLeftovers(context, () => undefined)).toEqual([]);
  expect(await readdir(cache(context))).toEqual([`run-${RECORD.id}.qcow2`]);
  const known = await findKeptVm(context, RECORD.checkout);
  expect(known).toMatchObject({ state: 'kept', record: { kept: false } });
  if (known === undefined) return;
  // Whoever takes it has a kept one: it is not forgotten when that command is killed as well.
  const { held } = await adoptBuilderVm(context, known, await holdVm(context, RECORD.id));
  await held.release();
  const [taken] = await listVms(vmsFolder(context.home));
  expect(taken).toMatchObject({ state: 'kept', record: { kept: true } });
  await writeVmRecord(folder, known.record);
  await qemu.kill();
  expect(await reapLeftovers(context, () => undefined)).toHaveLength(2);
  expect(await readdir(cache(context))).toEqual([]);
});

it('a VM of another host is left alone, also when nobody holds its lock', async () => {
  const context = await emptyHome();
  await put(context, { owner: { ...RECORD.owner, machine: 'another' } });
  expect(await reapLeftovers(context, () => undefined)).toEqual([]);
  expect(await readdir(vmsFolder(context.home))).toEqual([RECORD.id]);
  expect(await readdir(cache(context))).toEqual([`run-${RECORD.id}.qcow2`]);
});

it('a VM that begins while another host is asked about its own keeps its cache overlay', async () => {
  const context = await emptyHome();
  const elsewhere = { provider: 'libvirt', connection: 'qemu+ssh://host.example/system' } as const;
  await put(context, { id: 'far', kept: true, port: 2222, ...elsewhere });
  const record = join(await temporaryFolder(), 'record');
  await writeFile(record, JSON.stringify({ ...RECORD, id: 'ID', owner: await currentOwner() }));
  // Each question about a VM takes long enough for another build to begin.
  const virsh = await fakeProgram(
    'virsh',
    `new=new-$$
     mkdir '${vmsFolder(context.home)}'/$new
     sed "s/ID/$new/" '${record}' > '${vmsFolder(context.home)}'/$new/vm.json
     : > '${cache(context)}'/run-$new.qcow2`,
  );
  expect(await reapLeftovers(context, () => undefined)).toEqual([]);
  expect((await virsh.calls()).length).toBeGreaterThan(0);
  const vms = await readdir(vmsFolder(context.home));
  expect((await readdir(cache(context))).sort()).toEqual(vms.map((id) => `run-${id}.qcow2`).sort());
});

it('what the second of two builds to end added to a cache is dropped with a warning of its name and size', async () => {
  const context = await emptyHome();
  const signal = new AbortController().signal;
  const [one, two] = [
    await openCache(cacheStore(context), 'example-packages', 'one', 2 ** 26, signal),
    await openCache(cacheStore(context), 'example-packages', 'two', 2 ** 26, signal),
  ];
  await sealCache(cacheStore(context), one, signal);
  const caches: VmRecord['caches'] = { 'example-packages': { serial: 's', path: two.path } };
  const events: MayflyEvent[] = [];
  const report = (event: MayflyEvent): void => void events.push(event);
  await closeCaches(context, { ...RECORD, caches }, '/vm', true, report);
  expect(events).toMatchObject([{ type: 'notice', level: 'warning' }]);
  expect(JSON.stringify(events)).toMatch(
    /the cache example-packages meanwhile: .* added to it \([\d.]+ kB\) is dropped, and will be fetched again/,
  );
});

it('an overlay that is gone when it is to be kept is told of', async () => {
  const context = await emptyHome();
  const path = join(cache(context), 'run-a.qcow2');
  const record: VmRecord = { ...RECORD, caches: { 'example-packages': { serial: 's', path } } };
  const events: MayflyEvent[] = [];
  await closeCaches(context, record, '/vm', true, (event) => void events.push(event));
  expect(events).toMatchObject([{ type: 'notice', level: 'warning' }]);
  expect(JSON.stringify(events)).toContain(path);
});

it('the artifact disk of a build that was killed goes; one that waits for a person stays', async () => {
  const context = await emptyHome();
  const owners = { '20260102T030405Z-0001': RECORD.owner, '20260102T030405Z-0002': await currentOwner() };
  for (const [id, owner] of Object.entries(owners)) {
    const folder = join(buildsFolder(context.home), id);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'about.json'), JSON.stringify({ schema: 1, owner, checkout: '/x' }));
    for (const disk of ['artifacts.raw', 'artifacts-kept.raw']) await writeFile(join(folder, disk), '');
  }
  expect(await reapLeftovers(context, () => undefined)).toEqual([
    'the artifact disk of the build 20260102T030405Z-0001, which was killed',
  ]);
  const left = (id: string): Promise<readonly string[]> => readdir(join(buildsFolder(context.home), id));
  expect([...(await left('20260102T030405Z-0001'))].sort()).toEqual(['about.json', 'artifacts-kept.raw']);
  expect(await left('20260102T030405Z-0002')).toHaveLength(3);
});
