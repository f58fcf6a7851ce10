/** Two builds that put their results into one folder at once. */
import { access, mkdir, open, readFile, realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checksumLines } from '../../../../src/artifacts/collect.js';
import { makeArtifactDisk } from '../../../../src/artifacts/disk.js';
import { conclude } from '../../../../src/build/conclude.js';
import { Journal } from '../../../../src/build/record/journal.js';
import type { BuildProgress } from '../../../../src/build/record/so-far.js';
import { publishRecord } from '../../../../src/build/record/write.js';
import { ResultsFolder } from '../../../../src/build/results/folder.js';
import type { BuilderVm } from '../../../../src/build/vm/builder-vm.js';
import type { VmStorage } from '../../../../src/build/vm/storage.js';
import { sha256 } from '../../../../src/basebox/recipe.js';
import { buildRecord } from '../../../../src/build/record/record.js';
import { MayflyError } from '../../../../src/errors.js';
import { currentOwner } from '../../../../src/process/owner.js';
import type { VmExit } from '../../../../src/vm/provider.js';
import { makeVmFolder, writeVmRecord } from '../../../../src/vm/registry.js';
import { eventually } from '../../../rig/eventually.js';
import { fakeProgram } from '../../../rig/fake-programs.js';
import { guestSession } from '../../guest/session.js';
import { failure, temporaryFolder } from '../../source/repository.js';
import { RECORD } from '../../vm/spec.js';
import { contextIn } from '../plan/project.js';
import { PLAN } from '../plan/plan-value.js';

const { signal } = new AbortController();
const quiet = { signal, onWait: () => undefined };

describe('a folder of results', () => {
  it('is made, and is one build’s under each of its names until that has ended', async () => {
    const root = await temporaryFolder();
    const { home } = contextIn(root, join(root, 'home'));
    const here = join(root, 'results', 'here');
    const one = new ResultsFolder(home);
    await one.take(here, quiet);
    await access(here);
    await symlink(here, join(root, 'link'));
    const told: string[] = [];
    const two = new ResultsFolder(home);
    let taken = false;
    const waiting = two
      .take(join(root, 'link'), { signal, onWait: (text) => told.push(text) })
      .then(() => (taken = true));
    await eventually('it waits', () => told.length === 1);
    expect(told).toEqual([`waiting: process ${process.pid}: puts results into ${here}`]);
    expect(taken).toBe(false);
    await one[Symbol.asyncDispose]();
    await waiting;
    await two[Symbol.asyncDispose]();
  });

  it('is waited for by none that has another folder; and by nobody who is interrupted', async () => {
    const root = await temporaryFolder();
    const { home } = contextIn(root, join(root, 'home'));
    await using one = new ResultsFolder(home);
    await one.take(join(root, 'one'), quiet);
    await using two = new ResultsFolder(home);
    await two.take(join(root, 'two'), quiet);
    const stop = new AbortController();
    await using three = new ResultsFolder(home);
    const onWait = (): void => {
      stop.abort(new MayflyError('interrupted', 'interrupted', 'Enough.'));
    };
    const waiting = three.take(join(root, 'one'), { signal: stop.signal, onWait });
    expect(await failure(waiting)).toMatchObject({ kind: 'interrupted' });
  });
});

/** A build whose VM has made one file, and is to be ended. */
async function builtBy(root: string, name: string) {
  const context = contextIn(root, join(root, 'home'));
  const directory = join(root, 'artifacts');
  const plan = { ...PLAN, artifacts: { ...PLAN.artifacts, directory } };
  const folder = await makeVmFolder(join(root, 'vms'), name);
  const record = { ...RECORD, id: name, owner: await currentOwner() };
  await writeVmRecord(folder, record);
  const disk = join(folder, 'artifacts.raw');
  await makeArtifactDisk(disk, 2 ** 20);
  const file = await open(disk, 'r+');
  await file.write(name);
  await file.close();
  const told: string[] = [];
  const journal = new Journal(join(root, name), (event) => {
    if (event.type === 'progress') told.push(event.text);
  });
  onTestFinished(() => {
    journal[Symbol.dispose]();
  });
  const progress: BuildProgress = {
    ...{ id: name, startedAt: new Date(), plan, box: undefined, vm: undefined },
    ...{ served: [], cached: [], outside: new Set<string>(), artifacts: [] },
  };
  const guest = await guestSession();
  const nothing = (): Promise<void> => Promise.resolve();
  const builder: BuilderVm = {
    ...{ guest: { ...guest, bringConsole: nothing }, folder, record, storage: {} as VmStorage },
    ...{ master: undefined, held: { release: nothing, [Symbol.asyncDispose]: nothing } },
    vm: {
      ...{ id: name, process: undefined, ssh: guest.ssh, shareTags: undefined, exit: undefined },
      ...{ exited: new Promise<VmExit>(() => undefined), stop: () => Promise.resolve(true) },
      ...{ kill: nothing, bringConsole: nothing, letGo: nothing },
    },
  };
  const results = new ResultsFolder(context.home);
  const collected = { disk, inUse: true, offers: [{ offset: 0, bytes: name.length, name: 'image' }] };
  const work = { context, journal, progress, plan, results, builder, reused: false, failed: false };
  return {
    told,
    conclude: () => conclude({ ...work, keep: false, collected }),
    async writeRecord() {
      await publishRecord(journal, progress, '1.0', undefined);
      await results[Symbol.asyncDispose]();
    },
  };
}

it('of two builds that end at once, image, checksums and record are of one', async () => {
  const root = await realpath(await temporaryFolder());
  await mkdir(join(root, 'artifacts'));
  await fakeProgram('ssh', 'exit 0');
  const read = (name: string): Promise<string> => readFile(join(root, 'artifacts', name), 'utf8');
  const expectAllOf = async (name: string): Promise<void> => {
    const record = buildRecord.parse(JSON.parse(await read('build.json')));
    expect([await read('image'), record.build]).toEqual([name, name]);
    expect(record.artifacts[0]?.sha256).toBe(sha256(name));
    expect(await read('SHA256SUMS')).toBe(checksumLines(record.artifacts));
  };
  const first = await builtBy(root, 'first');
  const second = await builtBy(root, 'other');
  await first.conclude();
  const rest = second.conclude().then(() => second.writeRecord());
  await eventually('the second waits', () => second.told.length === 1);
  expect(await read('image')).toBe('first');
  await first.writeRecord();
  await rest;
  await expectAllOf('other');
  expect(first.told).toEqual([]);
});
