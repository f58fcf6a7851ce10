/** ci/ without a CI server: the files are what their readers take, and their shell lines do what they are for. */
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { BuildPlan } from '../../src/build/plan/plan.js';
import { makePlanningAgent, type Agent } from '../rig/ci.js';
import {
  github,
  githubJobs,
  gitlab,
  jenkins,
  jenkinsJobs,
  readCiFile,
  type GithubJob,
  type GitlabJob,
} from '../rig/ci-files.js';
import { parseGroovy, stagesOf } from '../rig/groovy.js';
import { folder, mayfly } from '../rig/mayfly.js';
import { makeTailsProject, type TailsProject } from '../rig/tails-project.js';

let own: string;
/** Of debian-security. */
let newest = 2026010501;
let project: TailsProject;

beforeAll(async () => {
  own = await mkdtemp(join(folder, 'ci-'));
  project = await makeTailsProject(join(own, 'project'));
  await project.git('checkout', '--quiet', 'feature/topic');
});

/** A workspace with a clone in `source`, as the system checks it out: on its branch, or at a commit. */
async function workspace(name: string, detached: boolean): Promise<string> {
  const path = join(own, name);
  await project.git(
    'clone',
    '--quiet',
    '--recurse-submodules',
    join(own, 'project/upstream'),
    join(path, 'source'),
  );
  const at = ['-C', join(path, 'source'), 'checkout', '--quiet'];
  await project.git(...at, 'feature/topic');
  if (detached) {
    await project.git(...at, '--detach');
    await project.git('-C', join(path, 'source'), 'branch', '--quiet', '-D', 'feature/topic');
  }
  return path;
}

async function runAll(
  agent: Agent,
  lines: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    const { exitCode, all } = await agent.run(line, cwd, { ...env, CI_NEWEST: String(newest) });
    expect(exitCode, all).toBe(0);
  }
}

const plan = async (path: string): Promise<BuildPlan> =>
  JSON.parse(await readFile(join(path, 'plan.json'), 'utf8')) as BuildPlan;

const INPUTS = ['base', 'branch', 'commit', 'serials.json'];

const JENKINS = {
  JENKINS_URL: 'http://jenkins.example/',
  GIT_BRANCH: 'origin/feature/topic',
  TAILS_BUILD_OPTIONS: 'noram',
};
const SYSTEMS = [
  ['Jenkins', jenkins, JENKINS, false],
  ['GitLab CI', gitlab, { CI: 'true', CI_COMMIT_REF_NAME: 'feature/topic' }, true],
  ['GitHub Actions', github, { CI: 'true', GITHUB_REF_NAME: 'feature/topic' }, true],
] as const;

describe('the files', () => {
  it('Jenkins: a build and a reproduction, on two agents, with results as tests and artifacts', async () => {
    const stages = stagesOf(await parseGroovy(await readCiFile('Jenkinsfile')));
    expect(stages.map(({ name, agent }) => [name, agent])).toEqual([
      ['Build', 'mayfly'],
      // As the first stage chooses it: test/unit/ci/jenkinsfile.test.ts.
      ['Reproduce', '${env.SECOND_AGENT}'],
    ]);
    for (const { words } of stages)
      expect(words).toEqual(
        expect.arrayContaining(['takeSource', 'dir', 'sh', 'post', 'always', 'junit', 'archiveArtifacts']),
      );
    const text = await readCiFile('Jenkinsfile');
    // The snapshots go to the other agent, and nowhere else.
    expect(text).toContain(`MAYFLY_CI_BUNDLE = "\${params.REPRODUCE ? 'yes' : 'no'}"`);
    expect(text).toContain("stash name: 'first', includes: 'first/inputs/**, first/SHA256SUMS'");
    expect(text).toContain("artifacts: 'first/**', excludes: 'first/inputs/*.bundle'");
    await parseGroovy(await readCiFile('jenkins/job-dsl.groovy'));
    await expect(parseGroovy('pipeline { stages { ')).rejects.toThrow('no Groovy at line 1');
  });

  it('Jenkins Job Builder, GitLab CI, GitHub Actions: what they name is there', async () => {
    const jobs = await jenkinsJobs();
    for (const part of [
      '<scriptPath>ci/Jenkinsfile<',
      '<remote>https://git.example/project.git<',
      'TagDiscoveryTrait',
    ])
      expect(jobs).toContain(part);
    const file = parse(await readCiFile('gitlab-ci.yml')) as {
      stages: string[];
      build: GitlabJob;
      reproduce: GitlabJob;
    };
    expect(file.stages).toEqual(['build', 'reproduce']);
    expect([file.build, file.reproduce].map(({ artifacts }) => artifacts.reports.junit)).toEqual([
      'first/junit.xml',
      ['second/junit.xml', 'second/compare.xml'],
    ]);
    // The snapshots go to the second job, whose artifacts are kept.
    expect(file.build).toMatchObject({
      variables: { MAYFLY_CI_BUNDLE: 'yes' },
      artifacts: { paths: ['first/'], expire_in: '1 week' },
    });
    expect(file.reproduce.artifacts).toMatchObject({
      paths: ['first/', 'second/'],
      exclude: ['first/inputs/*.bundle'],
    });
    const { build, reproduce } = await githubJobs();
    expect(build.env).toEqual({ MAYFLY_CI_BUNDLE: 'yes' });
    const artifacts = (job: GithubJob, action: string) =>
      job.steps.flatMap((step) => (step.uses?.includes(action) === true ? [step.with ?? {}] : []));
    expect(artifacts(build, 'upload-artifact')).toMatchObject([
      { name: 'first', path: 'first\n!first/inputs/*.bundle\n' },
      { name: 'inputs', path: 'first/inputs', 'retention-days': 3 },
    ]);
    expect(artifacts(reproduce, 'download-artifact')).toEqual([
      { name: 'first', path: 'first' },
      { name: 'inputs', path: 'first/inputs' },
    ]);
  });
});

describe.each(SYSTEMS)('the shell lines of %s', (name, job, env, detached) => {
  it('build, build the same inputs elsewhere in another environment, and compare', async () => {
    const { build, again, variables } = await job();
    const [one, two] = [
      await makePlanningAgent(join(own, `${name} one`)),
      await makePlanningAgent(join(own, `${name} two`)),
    ];
    const first = await workspace(`${name}/first`, detached);
    await runAll(one, build, join(first, 'source'), { ...env, ...variables });
    // Meanwhile the world goes on.
    newest += 1;

    const second = await workspace(`${name}/second`, detached);
    const results = name === 'GitLab CI' ? 'source/first' : 'first';
    // All agents use one snapshot service: there is nothing to carry.
    expect((await readdir(join(first, results, 'inputs'))).sort()).toEqual(INPUTS);
    expect((await plan(join(first, results))).archive.kind).toBe('serials');
    await mkdir(join(second, results), { recursive: true });
    for (const file of [...INPUTS.map((input) => `inputs/${input}`), 'SHA256SUMS', 'plan.json']) {
      await mkdir(join(second, results, 'inputs'), { recursive: true });
      await writeFile(join(second, results, file), await readFile(join(first, results, file)));
    }
    await runAll(two, again, join(second, 'source'), env);
    const [a, b] = [await plan(join(first, results)), await plan(join(second, results, '../second'))];
    expect(b.source.commit).toBe(a.source.commit);
    expect(a.source).toMatchObject({ merged: true, ref: { name: 'feature/topic' } });
    expect(b.environment).toEqual({ ...a.environment, TAILS_DATE_OFFSET: '+31' });
    // What the first used, which is what Git has after the merge, and no newer state.
    expect(b.environment['APT_SNAPSHOTS_SERIALS']).toContain(`"debian-security":"${newest - 1}"`);
    expect(b.warnings.join()).not.toContain('APT_SNAPSHOTS_SERIALS');
    expect(b.vm).toMatchObject({ cpus: 1, cpuModel: 'Nehalem', machineType: 'pc-q35-6.2' });
    expect(await readFile(one.log, 'utf8')).toContain('box clean --older-than 122\n');

    const spoilt = await two.run(again.join('\n'), join(second, 'source'), { ...env, CI_SPOIL: 'yes' });
    expect(spoilt.exitCode).not.toBe(0);
    expect(spoilt.all).toContain('The images differ.');
  });
});

describe('an agent', () => {
  it('what a killed job left is removed by the next one, whatever becomes of that', async () => {
    const path = join(await workspace('killed', false), 'source');
    const home = join(own, 'killed home');
    const vm = join(home, 'state/vms/dead');
    await mkdir(vm, { recursive: true });
    const record = {
      ...{ schema: 1, id: 'dead', provider: 'qemu', createdAt: '2026-01-02T03:04:05.000Z', checkout: path },
      ...{ ref: 'stable', box: 'b', user: 'vagrant', kept: false, memoryBytes: 1, cpus: 1, network: 'open' },
      ...{ accelerator: 'tcg', caches: {}, owner: { pid: 1, startTime: '0', bootId: 'earlier' } },
    };
    await writeFile(join(vm, 'vm.json'), JSON.stringify(record));
    await writeFile(join(path, 'scribble'), 'not committed');
    const next = await mayfly(['build', '--junit', 'junit.xml'], { cwd: path, home, env: JENKINS });
    expect(next.all).toContain('Removed the VM dead of a mayfly that is gone.');
    expect(next.exitCode).toBe(5);
    expect(next.all).toContain('untracked: scribble');
    expect(next.all).not.toContain('junit.xml');
    expect(next.all).not.toContain('\u001b');
    expect(await readFile(join(path, 'junit.xml'), 'utf8')).toContain('<failure type="source.dirty"');
  });
});
