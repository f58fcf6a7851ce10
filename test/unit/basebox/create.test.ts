/** Making a box with a fake mmdebstrap: what it gives is small, all that comes after it is real. */
import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createBox, inputsOf, parsePackages, type CreateJob } from '../../../src/basebox/create.js';
import { fingerprint } from '../../../src/basebox/recipe.js';
import { findBox } from '../../../src/basebox/store.js';
import { run } from '../../../src/process/run.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure } from '../source/repository.js';
import { fakeMmdebstrap, fakeTools } from './fake-box.js';
import { SPEC } from './spec.js';

/** Bytes; small, as every test makes one. */
const DISK = 8 * 2 ** 20;

interface Rig {
  readonly job: CreateJob;
  readonly root: string;
  readonly events: readonly MayflyEvent[];
}

async function rig(): Promise<Rig> {
  // No blanks: mmdebstrap's own hooks, which the fake one does not read, are quoted elsewhere.
  const root = await mkdtemp(join(tmpdir(), 'mayfly-create-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await fakeTools(root);
  const spec = { ...SPEC, diskBytes: DISK };
  const inputs = await inputsOf(spec);
  const events: MayflyEvent[] = [];
  const job: CreateJob = {
    spec,
    inputs,
    fingerprint: fingerprint(inputs),
    label: 'example-label',
    boxStore: join(root, 'boxes'),
    toolsStore: join(root, 'tools'),
    scratch: join(root, 'scratch'),
    report: (event) => events.push(event),
    signal: new AbortController().signal,
    served: () => [],
    traffic: () => ({ bytes: 0, downloaded: 0 }),
  };
  await mkdir(job.scratch);
  await mkdir(job.boxStore);
  return { job, root, events };
}

describe('a box that is made', () => {
  it('appears whole in the store: disk, kernel, initrd, packages, record', async () => {
    const { job, root, events } = await rig();
    const mmdebstrap = await fakeMmdebstrap(root);
    const made = await createBox(job);
    expect(await readdir(job.boxStore)).toEqual([job.fingerprint]);
    expect((await readdir(made.folder)).sort()).toEqual([
      'box.json',
      'disk.qcow2',
      'files.json',
      'initrd.img',
      'packages.json',
      'vmlinuz',
    ]);
    expect(await findBox(job.boxStore, job.fingerprint)).toEqual(made);
    expect(made.record).toMatchObject({ label: 'example-label', diskBytes: DISK, packageCount: 2 });
    expect(fingerprint(job.inputs)).toBe(made.record.fingerprint);
    expect(await readFile(join(made.folder, 'vmlinuz'), 'utf8')).toBe('kernel\n');
    expect(
      JSON.stringify(made.record) + (await readFile(join(made.folder, 'packages.json'), 'utf8')),
    ).not.toContain(root);
    expect((await mmdebstrap.calls()).map(([, variant]) => variant)).toEqual([
      '--variant=essential',
      '--variant=extract',
    ]);
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.name] : []));
    expect(phases).toEqual(['package lists', 'disk tools', 'file system', 'compression']);
  });

  it('has the boot code in the gap, the file system in the partition, and the checksum of that', async () => {
    const { job, root } = await rig();
    await fakeMmdebstrap(root);
    const { folder, record } = await createBox(job);
    const raw = join(root, 'again.raw');
    await run('qemu-img', ['convert', '-O', 'raw', join(folder, 'disk.qcow2'), raw]);
    expect((await run('sha256sum', [raw])).stdout.slice(0, 64)).toBe(record.diskSha256);
    const file = await open(raw, 'r');
    const at = async (offset: number, length: number): Promise<string> =>
      (await file.read(Buffer.alloc(length), 0, length, offset)).buffer.toString('latin1');
    expect(await at(0, 442)).toBe(`${'B'.repeat(440)}\0\0`);
    expect(await at(512, 9)).toBe('GRUBCORE\n');
    expect(await at(2 ** 20, 4)).toBe('EXT4');
    await file.close();
  });

  it('unpacks its tools once for all boxes of one snapshot', async () => {
    const { job, root, events } = await rig();
    const mmdebstrap = await fakeMmdebstrap(root);
    await createBox(job);
    await rm(job.scratch, { recursive: true });
    await mkdir(job.scratch);
    const another = 'ab'.repeat(16);
    const before = events.length;
    await createBox({ ...job, fingerprint: another });
    const phases = events.slice(before).flatMap((event) => (event.type === 'phase' ? [event.name] : []));
    expect(phases).toEqual(['package lists', 'file system', 'compression']);
    expect((await mmdebstrap.calls()).filter((call) => call.includes('--variant=extract'))).toHaveLength(1);
    expect((await readdir(job.boxStore)).sort()).toEqual([job.fingerprint, another].sort());
  });
});

describe('the disk tools', () => {
  it('come from any archive that a project names: they reach nothing of this host but the disk', async () => {
    const { job, root } = await rig();
    await writeFile(join(root, 'secret'), '');
    const tries = [
      `[ -e '${join(root, 'secret')}' ] && printf 'read '`,
      `touch '${job.scratch}/x' "$0" /usr/x 2>/dev/null && printf 'wrote '`,
      `kill -0 ${process.pid} 2>/dev/null && printf 'processes '`,
      // Of this host's interfaces, and of the kernel's settings.
      "[ -e /sys ] || [ -e /proc/self ] && printf 'kernel '",
      "chroot / true 2>/dev/null && printf 'root '",
    ];
    await fakeTools(root, `${tries.join('; ')}; printf tried; touch '${job.scratch}/made/x' && printf .`);
    await fakeMmdebstrap(root);
    const { folder } = await createBox(job);
    const raw = join(root, 'again.raw');
    await run('qemu-img', ['convert', '-O', 'raw', join(folder, 'disk.qcow2'), raw]);
    const content = await readFile(raw);
    expect(content.toString('latin1', 2 ** 20, 2 ** 20 + 6)).toBe('tried.');
  });

  it.each(['a link', 'a folder of links'])('whose boot code is %s are refused', async (what) => {
    const { job, root } = await rig();
    await fakeMmdebstrap(root);
    const code = join(root, 'tools-content/usr/lib/grub', what === 'a link' ? 'i386-pc/boot.img' : 'i386-pc');
    await rm(code, { recursive: true });
    await symlink(what === 'a link' ? '/etc/hostname' : '/etc', code);
    expect(await failure(createBox(job))).toMatchObject({ kind: 'host' });
    expect(await readdir(job.boxStore).catch(() => [])).toEqual([]);
  });

  const INSTALLS = `echo 'I: running --customize-hook in shell: chroot "$1" sh /mayfly-setup/install.sh x' >&2`;

  it('are made while packages are configured, where nothing of the project can fetch more', async () => {
    const { job, root, events } = await rig();
    // The packages are not done before the tools are.
    const waits = `${INSTALLS}; while [ ! -e "$out/tools.tar" ] && [ ! -d '${join(root, 'tools')}' ]; do sleep 0.05; done`;
    await fakeMmdebstrap(root, ':', waits);
    await createBox({ ...job, spec: { ...job.spec, postinstall: undefined } });
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.name] : []));
    expect(phases.slice(0, 2)).toEqual(['package lists', 'packages']);
  });

  it('wait for a script of the project, which may fetch more', async () => {
    const { job, root, events } = await rig();
    await fakeMmdebstrap(root, ':', INSTALLS);
    await createBox(job);
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.name] : []));
    expect(phases).toEqual(['package lists', 'packages', 'disk tools', 'file system', 'compression']);
  });

  it('are stopped when the packages fail', async () => {
    const { job, root } = await rig();
    await fakeMmdebstrap(
      root,
      ':',
      `${INSTALLS}; sleep 0.3; echo 'E: Unable to locate package zzz' >&2; exit 25`,
    );
    const unscripted = { ...job, spec: { ...job.spec, postinstall: undefined } };
    expect(await failure(createBox(unscripted))).toMatchObject({ code: 'box.unknown-package' });
    expect(await readdir(job.boxStore)).toEqual([]);
  });
});

describe('a box that cannot be made', () => {
  it.each([
    ['a disk that is full', 'dpkg: error: No space left on device', 'box.disk-full'],
    ['an unknown key', 'W: GPG error: x: The following signatures ... NO_PUBKEY 0123', 'box.bad-signature'],
    ['no signature', "E: The repository 'x trixie Release' is not signed.", 'box.bad-signature'],
    ['a wrong signature', 'E: BADSIG 0123 Archive', 'box.bad-signature'],
    ['an unknown package', 'E: Unable to locate package no-such-thing', 'box.unknown-package'],
    ['a package that is gone', "E: Package 'x' has no installation candidate", 'box.unknown-package'],
    ['no name', "Err:1 x: Temporary failure resolving 'mirror.example'", 'box.archive-unreachable'],
    [
      'no connection',
      'E: Failed to fetch http://mirror.example/debian  Could not connect',
      'box.archive-unreachable',
    ],
    ['no such suite', "E: The repository 'x' does not have a Release file.", 'box.archive-unreachable'],
    ['no subordinate ids', 'E: newuidmap 1 failed: /etc/subuid', 'box.no-user-namespace'],
    ['anything else', 'E: something quite different', 'box.packages-failed'],
  ])('for %s', async (_name, line, code) => {
    const { job, root } = await rig();
    await fakeProgram('mmdebstrap', `echo ${JSON.stringify(line)} >&2; exit 25`);
    const error = await failure(createBox(job));
    expect(error).toMatchObject({ kind: 'host', code });
    expect(error.message).toMatch(/^The base box could not be made: /);
    expect(error.details).toContain(line);
    expect(error.hint).toBeDefined();
    expect(await readdir(job.boxStore)).toEqual([]);
    expect(await readdir(join(root, 'tools')).catch(() => [])).toEqual([]);
  });

  it('for want of the root file system, after its tools were unpacked', async () => {
    const { job, root } = await rig();
    await fakeMmdebstrap(root, 'echo "E: Unable to locate package zzz" >&2; exit 25');
    expect(await failure(createBox(job))).toMatchObject({ code: 'box.unknown-package' });
    expect(await readdir(job.boxStore)).toEqual([]);
  });

  it('for want of a file system, when its folder in the store was there already', async () => {
    const { job, root } = await rig();
    await fakeMmdebstrap(root);
    const loader = join(root, 'tools-content/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
    await writeFile(loader, '#!/bin/sh\necho "mke2fs: no" >&2\nexit 1\n', { mode: 0o755 });
    expect((await failure(createBox(job))).details).toEqual(['mke2fs: no']);
    expect(await readdir(job.boxStore)).toEqual([]);
  });

  it('because somebody interrupted', async () => {
    const { job } = await rig();
    const abort = new AbortController();
    await fakeProgram('mmdebstrap', 'echo "I: running apt-get update..." >&2; sleep 60');
    const report = (event: MayflyEvent): void => {
      if (event.type === 'phase') abort.abort();
    };
    const error = await failure(createBox({ ...job, report, signal: abort.signal }));
    expect(error).toMatchObject({ kind: 'interrupted' });
    expect(await readdir(job.boxStore)).toEqual([]);
  });
});

it('parsePackages reads what the box says of itself', () => {
  expect(parsePackages('bash\t5.2-1\tbash\t5.2-1\n\nlibc6\t2.41-12\tglibc\t2.41-12\n')).toEqual([
    { name: 'bash', version: '5.2-1', source: 'bash', sourceVersion: '5.2-1' },
    { name: 'libc6', version: '2.41-12', source: 'glibc', sourceVersion: '2.41-12' },
  ]);
});
