/** What goes into a VM: submodules, the merged base branch, two checkouts at once, the cache of packages. */
import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/basebox/recipe.js';
import { buildRecord } from '../../src/build/record/record.js';
import { folder, mayfly } from '../rig/mayfly.js';
import { emptyPackage, startMirror, type Mirror } from '../rig/mirror.js';
import { makeProject, type TestProject } from '../rig/project.js';

const artifactBytes = (project: TestProject, name: string): Promise<Buffer> =>
  readFile(join(project.path, 'artifacts', name));
const artifact = async (project: TestProject, name: string): Promise<string> =>
  (await artifactBytes(project, name)).toString('utf8');

describe('the source', () => {
  it('has its submodules, and the base branch merged, and the checkout stays as it was', async () => {
    const library = await makeProject({ build: ':', files: { 'lib.txt': 'of the submodule\n' } });
    const project = await makeProject({
      build: [
        'cat "our themes/lib.txt" config/base.txt own.txt > source.img',
        'git rev-parse HEAD HEAD^1 HEAD^2 > commits.img',
        'env | sort > environment.img',
      ].join('\n'),
      settings: { build: { base_branches: ['main'] } },
      files: { 'config/base_branch': 'main\n', 'config/base.txt': 'old\n' },
    });
    await project.git(
      ...['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.path, 'our themes'],
    );
    await project.git('commit', '--quiet', '--message', 'Add the submodule');
    await project.git('switch', '--quiet', '--create', 'feature');
    await project.commit('own.txt', 'of the feature\n');
    await project.git('switch', '--quiet', 'main');
    await project.commit('config/base.txt', 'of the base branch\n');
    await project.git('switch', '--quiet', 'feature');
    const head = await project.git('rev-parse', 'HEAD');
    const base = await project.git('rev-parse', 'main');

    const built = await mayfly(['build'], { cwd: project.path });

    expect(built.exitCode).toBe(0);
    expect(await artifact(project, 'source.img')).toBe(
      'of the submodule\nof the base branch\nof the feature\n',
    );
    const [merged, ours, theirs] = (await artifact(project, 'commits.img')).trim().split('\n');
    expect([ours, theirs]).toEqual([head, base]);
    const record = JSON.parse(await artifact(project, 'build.json')) as { commit: string };
    expect(record.commit).toBe(merged);
    const environment = await artifact(project, 'environment.img');
    expect(environment).toContain(`BASE_BRANCH_GIT_COMMIT=${base}\n`);
    expect(await project.git('rev-parse', 'HEAD')).toBe(head);
    expect(await project.git('status', '--short')).toBe('');
    await expect(project.git('cat-file', '-e', String(merged))).rejects.toThrow();
  });
});

describe('the cache of packages', () => {
  const name = 'cached';
  let security: Mirror;
  let project: TestProject;
  /** From a mirror of our own, in place of debian-security: the index of a large one takes a while under emulation. */
  const download = (...packages: readonly string[]): string =>
    [
      'grep security "$MAYFLY_APT_SOURCES" > only.list',
      'apt="-q -o Dir::Etc::sourcelist=$PWD/only.list -o Dir::Etc::sourceparts=- -o Dir::State::status=/dev/null"',
      'sudo apt-get $apt update',
      ...packages.map((wanted) => `apt-get $apt download ${wanted} && mv ${wanted}_*.deb ${wanted}.img`),
    ].join('\n');

  async function makeCachedProject(build: string): Promise<TestProject> {
    const origin = { url: security.url, keyring: 'security.gpg' };
    // As where nothing is frozen: APT's requests go by the proxy alone.
    const settings = { archive: { origins: { 'debian-security': origin } }, vm: { network: 'open' } };
    const made = await makeProject({ name, build, settings });
    await copyFile(security.keyring, join(made.path, 'builder/security.gpg'));
    const frozen = await mayfly(['snapshots', 'freeze'], { cwd: made.path });
    expect(frozen.exitCode, frozen.all).toBe(0);
    await made.commit('README', 'frozen\n');
    return made;
  }

  beforeAll(async () => {
    security = await startMirror(await mkdtemp(join(folder, 'security-')), 'trixie-security');
    await security.publish({ packages: [await emptyPackage('one', '1'), await emptyPackage('two', '1')] });
  });

  afterAll(async () => {
    await security[Symbol.asyncDispose]();
  });

  it('serves two checkouts at once, and outlives their VMs: the next build needs nothing from the archive', async () => {
    const build = `${download('one')}\ngit log -1 --format=%s > subject.img`;
    const projects = [await makeCachedProject(build), await makeCachedProject(build)] as const;
    [project] = projects;
    await projects[1].commit('note', 'second');
    const built = await Promise.all(projects.map(({ path }) => mayfly(['build'], { cwd: path })));
    expect(built.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(await artifact(project, 'subject.img')).toBe('Change README\n');
    expect(await artifact(projects[1], 'subject.img')).toBe('Change note\n');
    const first = await artifact(project, 'one.img');
    expect(await artifact(projects[1], 'one.img')).toBe(first);
    const caches = JSON.parse((await mayfly(['cache', 'list', '--json'])).stdout) as unknown;
    expect(caches).toContainEqual(expect.objectContaining({ name: `${name}-packages`, runs: 0 }));

    const offline = await mayfly(['build', '--offline', '--keep-running'], { cwd: project.path });
    expect(offline.exitCode).toBe(0);
    expect(await artifact(project, 'one.img')).toBe(first);
    // Of what came out of the cache, the record says what it was, too.
    const record = buildRecord.parse(JSON.parse(await artifact(project, 'build.json')));
    const served = (record.archive?.served ?? []).filter(({ path }) => path.endsWith('.deb'));
    expect(served.map(({ sha256: sum }) => sum)).toContain(sha256(await artifactBytes(project, 'one.img')));
  });

  it('says what it lacks where the next build would need the archive', async () => {
    await project.commit('builder/provision/build', `#!/bin/sh\nset -eu\n${download('one', 'two')}\n`);
    const missing = await mayfly(['build', '--offline'], { cwd: project.path });
    expect(missing.exitCode).not.toBe(0);
    expect(missing.all).toMatch(/^ *\| E: Failed to fetch \S+\.deb .*503/m);
  });
});
