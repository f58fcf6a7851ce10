/**
 * VMs over time: kept and used again, refused to others, halted, interrupted, killed, two at once. Those that are
 * killed in the middle of a build are in providers.test.ts.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { checksumLines } from '../../src/artifacts/collect.js';
import { sha256 } from '../../src/basebox/recipe.js';
import { buildRecord } from '../../src/build/record/record.js';
import { findLeaks } from '../rig/leaks.js';
import { listenersBeyondLoopback } from '../rig/listeners.js';
import { mayfly, mayflyInTerminal, newestBuild, startMayfly, type Outcome } from '../rig/mayfly.js';
import { makeProject } from '../rig/project.js';

const BOOT_ID = 'cat /proc/sys/kernel/random/boot_id > boot.img';

describe('a VM that is kept', () => {
  it('serves the same branch again, and no other; halts, starts, and ends without a trace', async () => {
    const project = await makeProject({ build: `${BOOT_ID}; git log -1 --format=%s > subject.img` });
    const read = (name: string): Promise<string> => readFile(join(project.path, 'artifacts', name), 'utf8');

    const before = await listenersBeyondLoopback();

    const first = await mayfly(['build', '--keep-running'], { cwd: project.path });
    expect(first.exitCode).toBe(0);
    expect((await listenersBeyondLoopback()).filter((address) => !before.includes(address))).toEqual([]);
    expect(first.all).toContain('is kept');
    const boot = await read('boot.img');

    await project.commit('note', 'two');
    const second = await mayfly(['build', '--keep-running'], { cwd: project.path });
    expect(second.exitCode).toBe(0);
    expect(await read('boot.img')).toBe(boot);
    expect(await read('subject.img')).toBe('Change note\n');

    await project.git('switch', '--quiet', '--create', 'other');
    const refused = await mayfly(['build'], { cwd: project.path });
    expect(refused.exitCode).toBe(5);
    expect(refused.all).toContain('was started for main and cannot build other');
    expect(refused.all).toContain('mayfly vm destroy');
    await project.git('switch', '--quiet', 'main');

    // The guard in the VM itself, which nothing on the host can talk round.
    const guard = async (script: string): Promise<string> =>
      (await mayfly(['vm', 'exec', '--root', '--', 'sh', '-c', script], { cwd: project.path })).stdout;
    expect(
      await guard('cd /var/lib; cat vagrant_box_build_from; printf other > vagrant_box_build_from'),
    ).toBe('main');
    const guarded = await mayfly(['vm', 'provision'], { cwd: project.path });
    expect(guarded.all).toContain('other');
    expect(guarded.exitCode).toBe(5);
    expect(await guard('echo main > /var/lib/vagrant_box_build_from')).toBe('');

    expect(
      await mayfly(['vm', 'exec', '--', 'sh', '-c', 'id -un; exit 9'], { cwd: project.path }),
    ).toMatchObject({ stdout: 'builder', exitCode: 9 });
    expect(await mayfly(['vm', 'halt'], { cwd: project.path })).toMatchObject({ exitCode: 0 });
    const halted = await mayfly(['vm', 'status', '--json'], { cwd: project.path });
    expect(JSON.parse(halted.stdout)).toMatchObject({ state: 'halted', ref: 'main' });
    expect(await mayfly(['vm', 'up'], { cwd: project.path })).toMatchObject({ exitCode: 0 });
    const again = await mayfly(
      ['vm', 'exec', '--', 'cat', '/var/lib/vagrant_box_build_from', '/proc/sys/kernel/random/boot_id'],
      { cwd: project.path },
    );
    expect(again.stdout).toMatch(/^main\n/);
    expect(again.stdout).not.toContain(boot.trim());
    expect(await mayfly(['vm', 'provision'], { cwd: project.path })).toMatchObject({ exitCode: 0 });
    expect(await mayfly(['vm', 'destroy'], { cwd: project.path })).toMatchObject({ exitCode: 0 });
    expect(await findLeaks()).toEqual([]);
    expect(await mayfly(['vm', 'status'], { cwd: project.path })).toMatchObject({ exitCode: 2 });
  });

  it('is kept after a failure with --rescue, and its artifacts can still be fetched', async () => {
    const project = await makeProject({ build: 'echo saved > left.img; exit 1' });
    const built = await mayfly(['build', '--rescue'], { cwd: project.path });
    expect(built.exitCode).toBe(1);
    expect(built.all).toContain('mayfly vm ssh');
    const inside = await mayfly(['vm', 'exec', '--', 'cat', '/build/source/left.img'], { cwd: project.path });
    expect(inside.stdout).toBe('saved');
    const typed = 'echo I am $(id -un); exit 4\n';
    const shell = await mayflyInTerminal(['vm', 'ssh'], typed, { cwd: project.path });
    expect(shell.all).toContain('I am builder');
    expect(shell.exitCode).toBe(4);
    const elsewhere = join(project.path, 'artifacts/again');
    expect(await mayfly(['artifacts', '--artifacts', elsewhere], { cwd: project.path })).toMatchObject({
      exitCode: 0,
    });
    expect(await readFile(join(elsewhere, 'left.img'), 'utf8')).toBe('saved\n');
    const anew = await mayfly(['vm', 'up', '--force-cleanup'], { cwd: project.path });
    expect(anew.exitCode).toBe(0);
    const gone = await mayfly(['vm', 'exec', '--', 'test', '-e', '/build/source/left.img'], {
      cwd: project.path,
    });
    expect(gone.exitCode).toBe(1);
    expect(await mayfly(['vm', 'destroy'], { cwd: project.path })).toMatchObject({ exitCode: 0 });
  });
});

describe('an end before the end', () => {
  it('Ctrl-C once, while the VM boots: stops, cleans up, exit code 130', async () => {
    const project = await makeProject({ build: ':' });
    const running = startMayfly(['build'], { cwd: project.path });
    await running.seen('probe-main-');
    await sleep(2000);
    running.kill('SIGINT');
    const outcome = await running.outcome;
    expect(outcome.exitCode).toBe(130);
    expect(outcome.all).toContain('cleaning up');
    expect(await findLeaks()).toEqual([]);
  });

  it('Ctrl-C twice: ends at once; the next command reaps the rest and says so', async () => {
    const project = await makeProject({ build: 'echo in the build; sleep 600' });
    const running = startMayfly(['build'], { cwd: project.path });
    await running.seen('in the build');
    running.kill('SIGINT');
    await sleep(200);
    running.kill('SIGINT');
    expect(await running.outcome).toMatchObject({ exitCode: 130 });
    const cleaned = await mayfly(['clean']);
    expect(cleaned.exitCode).toBe(0);
    expect(cleaned.all).toMatch(/Removed the VM probe-main-[0-9a-f]{6} of a mayfly that is gone/);
  });

  it('kill -9, while the VM boots: QEMU dies with mayfly; the next command reaps the rest and says so', async () => {
    const project = await makeProject({ build: ':' });
    const running = startMayfly(['build'], { cwd: project.path });
    await running.seen('probe-main-');
    await sleep(2000);
    running.kill('SIGKILL');
    await running.outcome;
    await sleep(1000);
    expect((await findLeaks()).filter((leak) => leak.startsWith('process'))).toEqual([]);
    const cleaned = await mayfly(['clean']);
    expect(cleaned.all).toMatch(/Removed the VM probe-main-[0-9a-f]{6} of a mayfly that is gone/);
  });
});

describe('a VM that is kept', () => {
  it("outlives kill -9 of its build, is nobody else's while the next works in it, and ends with that by Ctrl-C", async () => {
    const build = 'echo in the build; while :; do : > /tmp/beat; sleep 1; done';
    const project = await makeProject({ build });
    const run = (...args: string[]): Promise<Outcome> => mayfly(args, { cwd: project.path });
    const killed = startMayfly(['build', '--keep-running'], { cwd: project.path });
    await killed.seen('in the build');
    killed.kill('SIGKILL');
    await killed.outcome;
    // It was on this host while the script ran.
    expect(await readFile(join(await newestBuild(), 'build.log'), 'utf8')).toContain('in the build');
    const status = await run('vm', 'status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ state: 'kept', ref: 'main' });
    const cleaned = await mayfly(['clean']);
    expect(cleaned.all).not.toContain('Removed the VM');

    const look = 'rm -f /tmp/beat; sleep 3; [ -e /tmp/beat ] || echo alone in the build; sleep 600';
    await project.commit('builder/provision/build', `#!/bin/sh\n${look}\n`);
    const next = startMayfly(['build'], { cwd: project.path });
    await next.seen('alone in the build');
    for (const command of [['vm', 'destroy'], ['vm', 'exec', '--', 'true'], ['build']]) {
      const refused = await run(...command);
      expect(refused.all).toContain('Another command works in the VM');
      expect(refused.exitCode).toBe(5);
    }
    next.kill('SIGINT');
    const outcome = await next.outcome;
    expect(outcome.all).toContain('was to be kept by a mayfly that is gone');
    expect(outcome.all).toContain('cleaning up');
    expect(outcome.exitCode).toBe(130);
    expect(await findLeaks()).toEqual([]);
  });
});

describe('two builds at once', () => {
  it('in one checkout, on one cache, into one folder: what is there is all of one of them', async () => {
    const project = await makeProject({ build: `sleep 2; git rev-parse HEAD > commit.img; ${BOOT_ID}` });
    const builds = await Promise.all([1, 2].map(() => mayfly(['build'], { cwd: project.path })));
    expect(builds.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const artifacts = join(project.path, 'artifacts');
    const read = (name: string): Promise<string> => readFile(join(artifacts, name), 'utf8');
    expect(await read('commit.img')).toBe(`${await project.git('rev-parse', 'HEAD')}\n`);
    const record = buildRecord.parse(JSON.parse(await read('build.json')));
    expect(record.artifacts.map(({ name }) => name)).toEqual(['boot.img', 'commit.img']);
    for (const { name, sha256: sum } of record.artifacts) expect(sha256(await read(name))).toBe(sum);
    expect(await read('SHA256SUMS')).toBe(checksumLines(record.artifacts));
    expect(await read('events.jsonl')).toContain(`"build":"${record.build}"`);
    expect((await readdir(artifacts)).filter((name) => name.endsWith('.new'))).toEqual([]);
  });
});
