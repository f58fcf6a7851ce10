/** `mayfly snapshots resolve` says what a build would use: each answer is compared with the plan of one. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/build/context.js';
import { archiveFolder } from '../../../src/paths.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import { addTag } from '../../../src/snapshots/local/tag.js';
import { resolveSerials } from '../../../src/tasks/resolve-serials.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { FILES, plan, testProject, type TestProject } from '../build/plan/project.js';
import { archiveRig, HELLO, NEWER, tagOf } from '../snapshots/local/rig.js';
import { commit, failure, git, START, write } from '../source/repository.js';

const rig = archiveRig();

// This host's APT may have a proxy, which cannot reach the mirror of the test.
beforeEach(() => fakeProgram('apt-config', ':'));

const SERIALS = ['builder/basebox', 'config'].map((folder) => `${folder}/APT_snapshots.d/debian/serial`);
const at = (serial: string) => Object.fromEntries(SERIALS.map((file) => [file, `${serial}\n`]));

/** A project of one origin, whose suite is the mirror's. */
async function project(files: Readonly<Record<string, string>>, archive = ''): Promise<TestProject> {
  const yaml = `name: example
archive:
  ${archive}
  origins:
    debian: {url: '${rig.mirror.url}', suites: [trixie], keyring: '${rig.mirror.keyring}'}
    debian-security: false
build: {base_branches: [main]}
`;
  return await testProject({ ...FILES, 'builder/builder.yaml': yaml, ...files });
}

/** The newest state of the mirror, as the archive of a project has it. */
const takeFor = async ({ context }: TestProject) =>
  (await rig.take({ archive: archiveFolder(context.home) })).snapshot;

/** @returns box and image of debian; a plan of a build has the same */
async function resolved(context: Context): Promise<readonly (string | undefined)[]> {
  const { origins } = await resolveSerials(context);
  expect((await plan(context, { refresh: true, allowDirty: true })).archive.origins).toEqual(origins);
  return origins.flatMap(({ box, image }) => [box.serial, image.serial]);
}

describe('the serials that a build would use', () => {
  it('are those of a release, where the local archive keeps its tag', async () => {
    const release = await project(at('latest'));
    const kept = await takeFor(release);
    await rig.mirror.publish({ packages: [NEWER] });
    const { serial } = await takeFor(release);
    expect(serial).not.toBe(kept.serial);
    expect(await resolved(release.context)).toEqual([serial, serial]);
    await git(release.root, 'tag', '1.0');
    const built = { commit: await git(release.root, 'rev-parse', 'HEAD') };
    await addTag(archiveFolder(release.context.home), { ...tagOf(kept, [HELLO]), ...built });
    expect(await resolved(release.context)).toEqual([kept.serial, kept.serial]);
  });

  it('are those of the merge with the base branch, unless nothing is merged', async () => {
    const topic = await project({ ...at('latest'), 'config/base_branch': 'main\n' });
    const { root, context } = topic;
    const older = await takeFor(topic);
    await rig.mirror.publish({ packages: [NEWER] });
    const newer = await takeFor(topic);
    await commit(root, 'Old', at(older.serial), START + 1);
    await git(root, 'checkout', '--quiet', '-b', 'topic');
    await commit(root, 'Topic', { 'topic.txt': 'topic\n' }, START + 2);
    await git(root, 'checkout', '--quiet', 'main');
    await commit(root, 'New', at(newer.serial), START + 3);
    await git(root, 'checkout', '--quiet', 'topic');
    expect(await resolved(context)).toEqual([newer.serial, newer.serial]);
    const env = { ...context.env, MAYFLY_BUILD_OPTIONS: 'nomergebasebranch' };
    expect(await resolved({ ...context, env })).toEqual([older.serial, older.serial]);

    await commit(root, 'Conflict', at('latest'), START + 4);
    expect(await failure(resolveSerials(context))).toMatchObject({ code: 'source.merge-conflict' });
  });

  it('are what is stored already, where the build options say offline', async () => {
    const made = await project(at('latest'));
    const { serial } = await takeFor(made);
    await rig.mirror.publish({ packages: [NEWER] });
    const { context } = made;
    const env = { ...context.env, MAYFLY_BUILD_OPTIONS: 'offline' };
    const before = rig.mirror.requests.length;
    expect(await resolved({ ...context, env })).toEqual([serial, serial]);
    expect(rig.mirror.requests).toHaveLength(before);
    expect(await resolved(context)).not.toContain(serial);
  });

  it('are those of the commit, with a warning of what is not committed', async () => {
    const made = await project(at('latest'));
    const { serial } = await takeFor(made);
    await rig.mirror.publish({ packages: [NEWER] });
    const said: MayflyEvent[] = [];
    const context: Context = { ...made.context, report: (event) => void said.push(event) };
    const newest = await resolved(context);
    expect(newest).not.toContain(serial);
    expect(said.filter(({ type }) => type === 'notice')).toEqual([]);
    await write(made.root, SERIALS[1] ?? '', `${serial}\n`);
    expect(await resolved(context)).toEqual(newest);
    const notices = said.filter((event) => event.type === 'notice').map(({ text }) => text);
    expect(notices.join('\n')).toContain('The checkout has uncommitted changes');
  });

  it('are none of a mirror', async () => {
    const { context } = await project(at('latest'), 'kind: mirror');
    expect(await failure(resolveSerials(context))).toMatchObject({ kind: 'usage', code: 'archive.mirror' });
  });
});
