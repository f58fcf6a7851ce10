/**
 * The shell lines of the Jenkinsfile with real builds, on two agents that share nothing: two executors of one, of which
 * one is killed and goes on; and another, with an archive and base boxes of its own, which gets the stash and no more.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildRecord } from '../../src/build/record/record.js';
import { makeAgent } from '../rig/ci.js';
import { jenkins } from '../rig/ci-files.js';
import { findLeaks } from '../rig/leaks.js';
import { folder, home, mayfly } from '../rig/mayfly.js';
import { makeProject } from '../rig/project.js';

const JENKINS = { JENKINS_URL: 'http://jenkins.example/', GIT_BRANCH: 'origin/main' };

// The image follows from the commit and from packages; the log has what may differ.
const BUILD = `date +day=%F; grep -m1 'model name' /proc/cpuinfo
{ git rev-parse HEAD; dpkg-query --show; } > probe.img
sleep 4`;

/** Two builds at once, then a base box and a build, all of them under emulation. */
const TIMEOUT_MS = 30 * 60_000;

const REMOVED = /Removed the VM probe-main-[0-9a-f]{6} of a mayfly that is gone\./;

it(
  'builds twice at once; what a killed job left, the next removes; another agent and environment give the same image',
  async () => {
    const project = await makeProject({ build: BUILD });
    const own = join(project.path, '..');
    const checkOut = async (workspace: string): Promise<string> => {
      await rm(join(own, workspace), { recursive: true, force: true });
      await project.git('clone', '--quiet', project.path, join(own, workspace, 'source'));
      return join(own, workspace, 'source');
    };
    const { build, again, variables } = await jenkins();
    const env = { ...JENKINS, ...variables };
    const agent = await makeAgent(join(own, 'agent'), home);

    const [line = ''] = build;
    const [one, two] = [await checkOut('executor one'), await checkOut('executor two')];
    const [built, killed] = await Promise.all([agent.run(line, one, env), agent.run(line, two, env, 'day=')]);
    expect(built.exitCode, built.all).toBe(0);
    expect(built.all).not.toContain('\u001b');
    expect(killed.signal, killed.all).toBe('SIGKILL');
    const results = join(own, 'executor one/first');
    const junit = await readFile(join(results, 'junit.xml'), 'utf8');
    expect(junit).toMatch(/<testsuites [^>]*failures="0"/);

    const next = await checkOut('executor two');
    await writeFile(join(next, 'scribble'), 'not committed');
    const refused = await agent.run(line, next, env);
    expect(refused.exitCode, refused.all).toBe(5);
    expect(`${built.all}${refused.all}`).toMatch(REMOVED);
    expect(await findLeaks()).toEqual([]);

    const otherHome = join(folder, 'another agent');
    const other = await makeAgent(join(own, 'another agent'), otherHome);
    const there = await checkOut('another executor');
    const stash = join(there, '../first');
    await mkdir(stash);
    await cp(join(results, 'inputs'), join(stash, 'inputs'), { recursive: true });
    await cp(join(results, 'SHA256SUMS'), join(stash, 'SHA256SUMS'));
    const [rebuild = '', compare = ''] = again;
    const rebuilt = await other.run(rebuild, there, env);
    expect(rebuilt.exitCode, rebuilt.all).toBe(0);
    const compared = await other.run(compare, there, env);
    expect(compared.exitCode, compared.all).toBe(0);
    expect(compared.all).toContain('The images are the same:');

    const record = async (name: string) =>
      buildRecord.parse(JSON.parse(await readFile(join(own, name, 'build.json'), 'utf8')));
    const [a, b] = [await record('executor one/first'), await record('another executor/second')];
    expect(b.archive?.serials).toEqual(a.archive?.serials);
    // Its base box is its own, and the same: all of it came in the bundle. The first agent's is the first box of the run,
    // which root made where root runs the tests; this one is made by an ordinary user.
    expect(rebuilt.all).toContain('Making the base box, once:');
    expect(b.box?.fingerprint).toBe(a.box?.fingerprint);
    expect(b.box?.diskSha256).toBe(a.box?.diskSha256);
    expect(b.archive?.served.map(({ source }) => source)).not.toContain('fetched');
    expect(dayOf(rebuilt.all) - dayOf(built.all)).toBeGreaterThanOrEqual(31 * 86_400_000);
    expect(rebuilt.all).toMatch(/model name.*(Nehalem|i7 9xx)/);

    // No tag keeps anything for good, and the second agent took no snapshots of its own.
    for (const of of [home, otherHome]) {
      const { stdout } = await mayfly(['snapshots', 'list', '--tags', '--json'], { home: of });
      const tags = (JSON.parse(stdout) as { tag: string }[]).map(({ tag }) => tag);
      expect(tags.filter((tag) => tag.startsWith('ci-'))).toEqual([]);
    }
    const { stdout } = await mayfly(['snapshots', 'list', '--json'], { home: otherHome });
    expect(JSON.parse(stdout)).toEqual([]);
    expect(await findLeaks()).toEqual([]);
    expect(await findLeaks(otherHome)).toEqual([]);
  },
  TIMEOUT_MS,
);

/** Milliseconds since 1970, of the day that the build saw. */
const dayOf = (output: string): number => Date.parse(/day=(\S+)/.exec(output)?.[1] ?? '');
