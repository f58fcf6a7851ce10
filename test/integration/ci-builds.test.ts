/** The shell lines of the Jenkinsfile with real builds: two executors of one agent, of which one is killed and goes on. */
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildRecord } from '../../src/build/record/record.js';
import { makeAgent } from '../rig/ci.js';
import { jenkins } from '../rig/ci-files.js';
import { findLeaks } from '../rig/leaks.js';
import { home } from '../rig/mayfly.js';
import { makeProject } from '../rig/project.js';

const JENKINS = { JENKINS_URL: 'http://jenkins.example/', GIT_BRANCH: 'origin/main' };

// The image follows from the commit and from packages; the log has what may differ.
const BUILD = `date +day=%F; grep -m1 'model name' /proc/cpuinfo
{ git rev-parse HEAD; dpkg-query --show; } > probe.img
sleep 10`;

it('builds twice at once; what a killed job left, the next removes; another environment gives the same image', async () => {
  const project = await makeProject({ build: BUILD });
  const own = join(project.path, '..');
  const agent = await makeAgent(join(own, 'agent'), home);
  const checkOut = async (executor: string): Promise<string> => {
    await rm(join(own, executor), { recursive: true, force: true });
    await project.git('clone', '--quiet', project.path, join(own, executor, 'source'));
    return join(own, executor, 'source');
  };
  const { build, again } = await jenkins();

  const [line = ''] = build;
  const [one, two] = [await checkOut('executor one'), await checkOut('executor two')];
  const [built, killed] = await Promise.all([
    agent.run(line, one, JENKINS),
    agent.run(line, two, JENKINS, 'day='),
  ]);
  expect(built.exitCode, built.all).toBe(0);
  expect(built.all).not.toContain('\u001b');
  expect(killed.signal, killed.all).toBe('SIGKILL');
  const results = join(own, 'executor one/first');
  const junit = await readFile(join(results, 'junit.xml'), 'utf8');
  expect(junit).toMatch(/<testsuites [^>]*failures="0"/);

  const next = await checkOut('executor two');
  await cp(results, join(next, '../first'), { recursive: true });
  const [rebuild = '', compare = ''] = again;
  const rebuilt = await agent.run(rebuild, next, JENKINS);
  expect(rebuilt.exitCode, rebuilt.all).toBe(0);
  const compared = await agent.run(compare, next, JENKINS);
  expect(compared.exitCode, compared.all).toBe(0);
  expect(compared.all).toContain('The images are the same:');

  const record = async (name: string) =>
    buildRecord.parse(JSON.parse(await readFile(join(own, name, 'build.json'), 'utf8')));
  const [a, b] = [await record('executor one/first'), await record('executor two/second')];
  expect(b.archive?.serials).toEqual(a.archive?.serials);
  expect(dayOf(rebuilt.all) - dayOf(built.all)).toBeGreaterThanOrEqual(31 * 86_400_000);
  expect(rebuilt.all).toMatch(/model name.*(Nehalem|i7 9xx)/);
  expect(`${built.all}${rebuilt.all}`).toMatch(
    /Removed the VM probe-main-[0-9a-f]{6} of a mayfly that is gone\./,
  );
  expect(await findLeaks()).toEqual([]);
});

/** Milliseconds since 1970, of the day that the build saw. */
const dayOf = (output: string): number => Date.parse(/day=(\S+)/.exec(output)?.[1] ?? '');
