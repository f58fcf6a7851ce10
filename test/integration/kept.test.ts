/**
 * The life of one VM that is kept: what it hands out, every byte of it, and nothing that was not asked for; whom it
 * serves; that it halts, starts, and makes way for another.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildRecord } from '../../src/build/record/record.js';
import { findLeaks } from '../rig/leaks.js';
import { listenersBeyondLoopback } from '../rig/listeners.js';
import { mayfly, mayflyInTerminal, startMayfly, type Outcome } from '../rig/mayfly.js';
import { makeProject, type TestProject } from '../rig/project.js';

const MIB = 2 ** 20;

const BUILD = [
  'cat /proc/sys/kernel/random/boot_id > boot.img; git log -1 --format=%s > subject.img',
  'mkdir -p "sub folder/deep"',
  'head -c 9000001 /dev/urandom > "sub folder/deep/plain ä.img"',
  // Its checksum is made under emulation, too: no larger than it must be.
  'truncate --size 40M sparse.img',
  'printf middle | dd of=sparse.img bs=1 seek=20971525 conv=notrunc status=none',
  'printf end | dd of=sparse.img bs=1 seek=41943037 conv=notrunc status=none',
  ': > empty.img',
  'ln -s sparse.img link.img',
  'mkdir folder.img',
  'echo no > other.txt',
  'sha256sum *.img "sub folder/deep/plain ä.img" 2>/dev/null | sed "s|sub folder/deep/||" > sums.sha || :',
].join('\n');

describe('a VM that is kept', () => {
  let project: TestProject;
  let boot: string;
  const run = (...args: string[]): Promise<Outcome> => mayfly(args, { cwd: project.path });
  const artifact = (name: string): string => join(project.path, 'artifacts', name);
  const bootId = async (): Promise<string> =>
    (await run('vm', 'exec', '--', 'cat', '/proc/sys/kernel/random/boot_id')).stdout;
  const change = (script: string): Promise<void> =>
    project.commit('builder/provision/build', `#!/bin/sh\nset -eu\n${script}\n`);

  beforeAll(async () => {
    const settings = { artifacts: { patterns: ['*.img', '**/*.img', '*.sha'] } };
    project = await makeProject({ build: BUILD, settings });
  });

  async function expectEveryByte(): Promise<void> {
    const record = buildRecord.parse(JSON.parse(await readFile(artifact('build.json'), 'utf8')));
    expect(record.artifacts.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['boot.img', 37],
      ['empty.img', 0],
      ['plain ä.img', 9000001],
      ['sparse.img', 40 * MIB],
      ['subject.img', expect.any(Number)],
      ['sums.sha', expect.any(Number)],
    ]);
    const inGuest = await readFile(artifact('sums.sha'), 'utf8');
    for (const { name, sha256 } of record.artifacts.filter(({ name }) => name !== 'sums.sha')) {
      expect(inGuest).toContain(`${sha256}  ${name}\n`);
    }
    expect((await stat(artifact('sparse.img'))).blocks * 512).toBeLessThan(8 * MIB);
  }

  it('hands out plain and sparse files, folders deep, each once; listens nowhere beyond loopback', async () => {
    const before = await listenersBeyondLoopback();
    const built = await run('build', '--keep-running');
    expect(built.exitCode).toBe(0);
    expect((await listenersBeyondLoopback()).filter((address) => !before.includes(address))).toEqual([]);
    expect(built.all).toContain('is kept');
    await expectEveryByte();
    boot = await readFile(artifact('boot.img'), 'utf8');
  });

  it('serves its branch again', async () => {
    await project.commit('note', 'two');
    expect(await run('build', '--keep-running')).toMatchObject({ exitCode: 0 });
    await expectEveryByte();
    expect(await readFile(artifact('boot.img'), 'utf8')).toBe(boot);
    expect(await readFile(artifact('subject.img'), 'utf8')).toBe('Change note\n');
  });

  it('hands out no two files of one name, and stays with --rescue', async () => {
    await change('mkdir a b; echo 1 > a/x.img; echo 2 > b/x.img');
    const built = await run('build', '--rescue');
    expect(built.all).toContain('Two artifacts have the same name: x.img.');
    expect(built.exitCode).toBe(2);
    expect(await bootId()).toBe(boot.trim());
  });

  it('stays after a failure with --rescue, and its artifacts can still be fetched', async () => {
    await change('echo saved > left.img; exit 1');
    const built = await run('build', '--rescue');
    expect(built.exitCode).toBe(1);
    expect(built.all).toContain('mayfly vm ssh');
    const inside = await run('vm', 'exec', '--', 'cat', '/build/source/left.img');
    expect(inside.stdout).toBe('saved');
    const typed = 'echo I am $(id -un); exit 4\n';
    const shell = await mayflyInTerminal(['vm', 'ssh'], typed, { cwd: project.path });
    expect(shell.all).toContain('I am builder');
    expect(shell.exitCode).toBe(4);
    const elsewhere = artifact('again');
    expect(await run('artifacts', '--artifacts', elsewhere)).toMatchObject({ exitCode: 0 });
    expect(await readFile(join(elsewhere, 'left.img'), 'utf8')).toBe('saved\n');
  });

  it('serves no other branch', async () => {
    await project.git('switch', '--quiet', '--create', 'other');
    const refused = await run('build');
    expect(refused.exitCode).toBe(5);
    expect(refused.all).toContain('was started for main and cannot build other');
    expect(refused.all).toContain('mayfly vm destroy');
    await project.git('switch', '--quiet', 'main');

    // The guard in the VM itself, which nothing on the host can talk round.
    const guard = async (script: string): Promise<string> =>
      (await run('vm', 'exec', '--root', '--', 'sh', '-c', script)).stdout;
    expect(
      await guard('cd /var/lib; cat vagrant_box_build_from; printf other > vagrant_box_build_from'),
    ).toBe('main');
    const guarded = await run('vm', 'provision');
    expect(guarded.all).toContain('other');
    expect(guarded.exitCode).toBe(5);
    expect(await guard('echo main > /var/lib/vagrant_box_build_from')).toBe('');
  });

  it('halts, starts, and is provisioned again', async () => {
    expect(await run('vm', 'exec', '--', 'sh', '-c', 'id -un; exit 9')).toMatchObject({
      stdout: 'builder',
      exitCode: 9,
    });
    expect(await bootId()).toBe(boot.trim());
    expect(await run('vm', 'halt')).toMatchObject({ exitCode: 0 });
    const halted = await run('vm', 'status', '--json');
    expect(JSON.parse(halted.stdout)).toMatchObject({ state: 'halted', ref: 'main' });
    expect(await run('vm', 'up')).toMatchObject({ exitCode: 0 });
    const again = await run('vm', 'exec', '--', 'cat', '/var/lib/vagrant_box_build_from');
    expect(again.stdout).toBe('main');
    expect(await bootId()).not.toBe(boot.trim());
    expect(await run('vm', 'provision')).toMatchObject({ exitCode: 0 });
  });

  const ids = async (): Promise<readonly string[]> =>
    (JSON.parse((await run('vm', 'list', '--json')).stdout) as { id: string }[]).map(({ id }) => id);

  it('makes way for a new one: vm up --force-cleanup', async () => {
    const before = await ids();
    const old = await bootId();
    expect(await run('vm', 'up', '--force-cleanup')).toMatchObject({ exitCode: 0 });
    expect(await ids()).toEqual([expect.not.stringMatching(before.join())]);
    expect(await bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(await bootId()).not.toBe(old);
  });

  it('makes way for a build; Ctrl-C, while that one boots, cleans up: exit code 130', async () => {
    await change('sleep 600');
    const before = await ids();
    expect(before).toHaveLength(1);
    const running = startMayfly(['build', '--force-cleanup'], { cwd: project.path });
    await running.seen('vm         done');
    expect(await ids()).toEqual([expect.not.stringMatching(before.join())]);
    await sleep(2000);
    running.kill('SIGINT');
    const outcome = await running.outcome;
    expect(outcome.exitCode).toBe(130);
    expect(outcome.all).toContain('cleaning up');
    expect(await findLeaks()).toEqual([]);
    expect(await run('vm', 'status')).toMatchObject({ exitCode: 2 });
  });
});
