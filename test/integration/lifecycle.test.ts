/**
 * Builds that are interrupted or killed, and two at once. Those that are killed in the middle of a build are in
 * providers.test.ts, too; a VM that is kept has kept.test.ts.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { checksumLines } from '../../src/artifacts/collect.js';
import { sha256 } from '../../src/basebox/recipe.js';
import { buildRecord } from '../../src/build/record/record.js';
import { findLeaks } from '../rig/leaks.js';
import { mayfly, newestBuild, startMayfly, type Outcome } from '../rig/mayfly.js';
import { makeProject } from '../rig/project.js';

describe('an end before the end', () => {
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

describe('a VM that is to be kept', () => {
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
    const project = await makeProject({ build: 'sleep 2; git rev-parse HEAD > commit.img' });
    const builds = await Promise.all([1, 2].map(() => mayfly(['build'], { cwd: project.path })));
    expect(builds.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const artifacts = join(project.path, 'artifacts');
    const read = (name: string): Promise<string> => readFile(join(artifacts, name), 'utf8');
    expect(await read('commit.img')).toBe(`${await project.git('rev-parse', 'HEAD')}\n`);
    const record = buildRecord.parse(JSON.parse(await read('build.json')));
    expect(record.artifacts.map(({ name }) => name)).toEqual(['commit.img']);
    for (const { name, sha256: sum } of record.artifacts) expect(sha256(await read(name))).toBe(sum);
    expect(await read('SHA256SUMS')).toBe(checksumLines(record.artifacts));
    expect(await read('events.jsonl')).toContain(`"build":"${record.build}"`);
    expect((await readdir(artifacts)).filter((name) => name.endsWith('.new'))).toEqual([]);
  });
});
