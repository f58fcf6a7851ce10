/** Commands that need no VM, in a home of their own. */
import { access, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeProgram, setEnvironment } from '../../rig/fake-programs.js';
import { box, FINGERPRINT } from '../basebox/spec.js';
import { temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { mayfly } from './program.js';

async function emptyHome(): Promise<string> {
  const home = await temporaryFolder();
  setEnvironment({ MAYFLY_HOME: home, MAYFLY_TMPDIR: join(home, 'scratch') });
  return home;
}

async function homeWithBoxes(): Promise<string> {
  const home = await emptyHome();
  const second = `0123${'f'.repeat(28)}`;
  for (const record of [
    box().record,
    box({ fingerprint: second, createdAt: '2020-01-01T00:00:00.000Z' }).record,
  ]) {
    const folder = join(home, 'data/boxes', record.fingerprint);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'box.json'), JSON.stringify(record));
    await writeFile(join(folder, 'packages.json'), '[{"name":"bash"}]');
  }
  return home;
}

describe('in an empty home', () => {
  it.each([
    [['box', 'list'], 'There are no base boxes yet.\n'],
    [['vm', 'list'], 'There are no VMs.\n'],
    [['cache', 'list'], 'There are no cache disks yet.\n'],
    [['box', 'clean', '--all'], 'There is nothing to remove.\n'],
    [['clean'], 'Nothing was left behind.\n'],
    [['clean', '--quiet'], ''],
    [['box', 'list', '--json'], '[]\n'],
    [['vm', 'list', '--json'], '[]\n'],
    [['cache', 'list', '--json'], '[]\n'],
    [['cache', 'clean'], 'There is nothing to remove.\n'],
    [['clean', '--json'], '{\n  "removed": []\n}\n'],
    [['box', 'clean', '--json'], '{\n  "removed": []\n}\n'],
    [['cache', 'clean', '--json'], '{\n  "removed": [],\n  "inUse": []\n}\n'],
  ])('%j', async (args, stdout) => {
    await emptyHome();
    expect(await mayfly(...args)).toEqual({ exitCode: 0, stdout, stderr: '' });
  });

  it.each([
    [['box', 'show', 'nothing'], 'There is no base box nothing.', 'mayfly box list'],
    [['vm', 'halt', 'nothing'], 'There is no VM nothing.', 'mayfly vm list'],
    [['cache', 'clean', 'nothing', 'no'], 'There is no cache nothing, no.', 'mayfly cache list'],
  ])('%j is wrong usage', async (args, message, hint) => {
    await emptyHome();
    const { exitCode, stderr } = await mayfly(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });
});

describe('with base boxes', () => {
  it('lists them, newest first', async () => {
    await homeWithBoxes();
    expect((await mayfly('box', 'list')).stdout).toBe(
      'example-amd64-trixie-20260102-1a2b3c4  0123456789ab  250 MB  2026-01-02 03:04\n' +
        'example-amd64-trixie-20260102-1a2b3c4  0123ffffffff  250 MB  2020-01-01 00:00\n',
    );
  });

  it('shows one by the beginning of its fingerprint, with its packages', async () => {
    await homeWithBoxes();
    expect((await mayfly('box', 'show', '01234')).stdout).toContain(`fingerprint  ${FINGERPRINT}\n`);
    const json = JSON.parse((await mayfly('box', 'show', FINGERPRINT, '--json')).stdout) as unknown;
    expect(json).toMatchObject({ fingerprint: FINGERPRINT, packages: [{ name: 'bash' }] });
  });

  it.each(['0123', 'example-amd64-trixie-20260102-1a2b3c4'])(
    'asks which one when several answer to %s',
    async (name) => {
      await homeWithBoxes();
      const { exitCode, stderr } = await mayfly('box', 'show', name);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`2 base boxes answer to ${name}.`);
      expect(stderr).toContain(FINGERPRINT);
    },
  );

  it('removes old ones, and never the newest or one that a VM uses', async () => {
    const home = await homeWithBoxes();
    const vm = join(home, 'state/vms/x');
    await mkdir(vm, { recursive: true });
    const record = { ...RECORD, kept: true, box: `0123${'f'.repeat(28)}` };
    await writeFile(join(vm, 'vm.json'), JSON.stringify(record));
    expect((await mayfly('box', 'clean')).stdout).toBe('There is nothing to remove.\n');
    await writeFile(join(vm, 'vm.json'), JSON.stringify({ ...record, box: FINGERPRINT }));
    expect((await mayfly('box', 'clean')).stdout).toContain('(0123ffffffff), 250 MB.');
    expect((await mayfly('box', 'clean', '--all')).stdout).toBe('There is nothing to remove.\n');
  });

  it.each([[['--all']], [['--older-than', '30']]])(
    'removes none with %j while any may be the one of a VM that nobody can read',
    async (args) => {
      const home = await homeWithBoxes();
      const vm = join(home, 'state/vms/odd');
      await mkdir(vm, { recursive: true });
      await writeFile(join(vm, 'vm.json'), '{"schema": 2}');
      const { exitCode, stdout, stderr } = await mayfly('box', 'clean', ...args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
      expect(stderr).toContain(`\n  ${vm}\n`);
      expect(stderr).toContain('remove the folder, once nothing runs there');
      expect(await readdir(join(home, 'data/boxes'))).toHaveLength(2);
      await rm(vm, { recursive: true });
      expect((await mayfly('box', 'clean', ...args)).stdout).toContain('Removed ');
    },
  );

  it('removes them, and says so as JSON', async () => {
    await homeWithBoxes();
    const { stdout } = await mayfly('box', 'clean', '--older-than', '30', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ removed: [{ fingerprint: `0123${'f'.repeat(28)}` }] });
  });
});

it('`clean` tells what a crash left, and removes it', async () => {
  const home = await emptyHome();
  const owner = JSON.stringify({ pid: 1, startTime: '0', bootId: 'earlier' });
  const vm = join(home, 'state/vms/dead');
  const scratch = join(home, 'state/tmp/mayfly-0123456789ab');
  for (const folder of [vm, scratch, join(home, 'data/boxes/.new-ff'), join(home, 'data/caches/x-packages')])
    await mkdir(folder, { recursive: true });
  await writeFile(join(vm, 'vm.json'), JSON.stringify({ ...RECORD, id: 'dead' }));
  await writeFile(join(scratch, '.owner.json'), owner);
  await writeFile(join(home, 'data/caches/x-packages/run-dead.qcow2'), '');
  const { exitCode, stdout, stderr } = await mayfly('clean');
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  expect(stderr.split('\n').filter((line) => line !== '')).toEqual([
    'Removed the VM dead of a mayfly that is gone.',
    'Removed the cache overlay of the VM dead.',
    `Removed the scratch folder ${scratch}.`,
    `Removed the half-made base box ${join(home, 'data/boxes/ff')}.`,
  ]);
  expect((await mayfly('clean')).stdout).toBe('Nothing was left behind.\n');
});

it('`clean` leaves what it cannot judge, and says so of a VM', async () => {
  const home = await emptyHome();
  const vm = join(home, 'state/vms/keptvm');
  const overlay = join(home, 'data/caches/x-packages');
  for (const folder of [vm, overlay, join(home, 'state/tmp/mayfly-0123456789ab')])
    await mkdir(folder, { recursive: true });
  await writeFile(join(vm, 'vm.json'), '{"schema": 1,');
  await writeFile(join(overlay, 'run-keptvm.qcow2'), '');
  await writeFile(join(home, 'state/tmp/mayfly-0123456789ab/.owner.json'), '{}');
  const { exitCode, stdout, stderr } = await mayfly('clean');
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Nothing was left behind.\n' });
  expect(stderr).toContain('The record of the VM keptvm cannot be read');
  await expect(access(join(overlay, 'run-keptvm.qcow2'))).resolves.toBeUndefined();
});

it('`clean --json` tells it as JSON, and nothing else', async () => {
  const home = await emptyHome();
  await mkdir(join(home, 'data/boxes/.new-ff'), { recursive: true });
  const { stdout } = await mayfly('clean', '--json');
  expect(JSON.parse(stdout)).toEqual({ removed: [`the half-made base box ${join(home, 'data/boxes/ff')}`] });
});

it.each([
  ['vm', 'destroy'],
  ['rake', 'vm:destroy'],
])('%s %s without a VM has nothing to do', async (...args) => {
  await emptyHome();
  // Of this very checkout.
  expect(await mayfly(...args)).toEqual({ exitCode: 0, stdout: 'There is no VM to destroy.\n', stderr: '' });
});

it('`init` says what to type next, as a shell reads it', async () => {
  const home = await emptyHome();
  const folder = join(home, 'My Image');
  const { stdout } = await mayfly('init', folder, '--template', 'minimal', '--no-freeze');
  expect(stdout).toContain(`Next: cd '${folder}' && mayfly build\n`);
});

it('`init --json` names what it made', async () => {
  const home = await emptyHome();
  const folder = join(home, 'tiny');
  const { exitCode, stdout } = await mayfly('init', folder, '--template', 'minimal', '--no-freeze', '--json');
  expect(exitCode).toBe(0);
  const made = JSON.parse(stdout) as unknown;
  expect(made).toEqual({
    name: 'tiny',
    folder,
    shortId: expect.stringMatching(/^[0-9a-f]{7,}$/) as unknown,
    serials: {},
  });
});

describe('cache disks', () => {
  it('are removed but for one in use, and that is JSON', async () => {
    const home = await emptyHome();
    for (const path of ['a-packages/generation-0001.qcow2', 'b-packages/run-x.qcow2']) {
      await mkdir(join(home, 'data/caches', path, '..'), { recursive: true });
      await writeFile(join(home, 'data/caches', path), '');
    }
    const { exitCode, stdout } = await mayfly('cache', 'clean', '--json');
    expect(exitCode).toBe(5);
    expect(JSON.parse(stdout)).toEqual({ removed: ['a-packages'], inUse: ['b-packages'] });
  });

  it('are listed; one that a VM has plugged in is not removed, and that is said', async () => {
    const home = await emptyHome();
    for (const [name, file] of [
      ['a-packages', 'generation-0001.qcow2'],
      ['b-packages', 'run-x.qcow2'],
    ] as const) {
      await mkdir(join(home, 'data/caches', name), { recursive: true });
      await writeFile(join(home, 'data/caches', name, file), '');
    }
    expect((await mayfly('cache', 'list')).stdout).toBe(
      'a-packages  0 B  1 generation\nb-packages  0 B  0 generations  1 in use\n',
    );
    const { exitCode, stdout, stderr } = await mayfly('cache', 'clean');
    expect(exitCode).toBe(5);
    expect(stdout).toBe('Removed the cache a-packages.\n');
    expect(stderr).toContain('In use by a VM, and not removed: b-packages.');
  });
});

it('`doctor` names everything that is missing, and the one command that mends it', async () => {
  await emptyHome();
  await fakeProgram('apt-get', 'exit 0');
  const { exitCode, stdout } = await mayfly('doctor', '--json');
  const { findings } = JSON.parse(stdout) as { findings: readonly { name: string; state: string }[] };
  expect(findings.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Node.js', 'git', 'xz', 'gpgv', 'KVM', 'UEFI firmware', 'disk']),
  );
  expect(exitCode).toBe(findings.some(({ state }) => state === 'missing') ? 3 : 0);
});
