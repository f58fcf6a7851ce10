/** Expiry asks the checkouts that use the archive: real repositories, and snapshots that are records only. */
import { readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { notePlanned, noteUse } from '../../../src/build/archive/note-checkout.js';
import type { Context } from '../../../src/build/context.js';
import { archiveFolder } from '../../../src/paths.js';
import { run } from '../../../src/process/run.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import { listCheckouts } from '../../../src/snapshots/local/checkouts.js';
import { archiveParts } from '../../../src/snapshots/local/layout.js';
import { addSnapshot } from '../../../src/snapshots/local/snapshot.js';
import { statesIn, statesOfCheckouts } from '../../../src/tasks/ask-checkouts.js';
import { initProject } from '../../../src/tasks/init.js';
import { serialProject } from '../../../src/tasks/snapshots.js';
import { setSerial } from '../../../src/tasks/write-serials.js';
import { contextIn, plan, testProject } from '../build/plan/project.js';
import { commit, git, repository, temporaryFolder, write } from '../source/repository.js';

const IMAGE = 'config/APT_snapshots.d/debian';

interface Rig {
  readonly context: Context;
  readonly archive: string;
  readonly root: string;
  readonly warnings: string[];
}

/** An archive that has these snapshots of debian, and a repository that it knows. */
async function rig(serials: readonly string[]): Promise<Rig> {
  const folder = await temporaryFolder();
  const warnings: string[] = [];
  const report = (event: MayflyEvent): void => {
    if (event.type === 'notice') warnings.push(event.text);
  };
  const context = { ...contextIn(folder, join(folder, 'home')), report };
  const archive = archiveFolder(context.home);
  for (const serial of serials) await addSnapshot(archiveParts(archive).snapshots, snapshot(serial));
  const root = await repository(join(folder, 'checkout'));
  await noteUse(context, root, true, []);
  return { context, archive, root, warnings };
}

const releaseOf = (serial: string): string => serial.padStart(64, 'a');

const snapshot = (serial: string) => ({
  schema: 1 as const,
  origin: 'debian',
  serial,
  takenAt: '2026-01-01T00:00:00Z',
  upstream: 'http://mirror.example/debian',
  components: ['main'],
  architectures: ['amd64'],
  suites: [
    {
      suite: 'trixie',
      inRelease: { sha256: releaseOf(serial), bytes: 1 },
      release: { sha256: 'b'.repeat(64), bytes: 1 },
      signers: [],
      date: '2026-01-01T00:00:00Z',
      indexes: {},
    },
  ],
});

const named = async ({ context }: Rig, dryRun = false): Promise<readonly string[]> =>
  (await statesOfCheckouts(context, dryRun)).map(({ serial }) => serial).sort();

describe('a checkout that uses the archive', () => {
  it('is asked what its working tree and all its branches name, in any folder', async () => {
    const known = ['2026010101', '2026010102', '2026010103', '2026010104'];
    const own = await rig(known);
    await git(own.root, 'switch', '--quiet', '--create', 'old');
    await commit(own.root, 'Old', { 'make me/box/serials/debian/serial': `${known[0] ?? ''}\n` });
    const old = await git(own.root, 'rev-parse', 'HEAD');
    await git(own.root, 'update-ref', 'refs/remotes/origin/release', old);
    await git(own.root, 'switch', '--quiet', 'main');
    await git(own.root, 'branch', '--quiet', '-D', 'old');
    await git(own.root, 'switch', '--quiet', '--create', 'topic');
    await commit(own.root, 'Topic', { [`${IMAGE}/serial`]: `${known[1] ?? ''}\n` });
    await git(own.root, 'switch', '--quiet', 'main');
    // Frozen a moment ago, and not added yet.
    await write(own.root, `${IMAGE}/serial`, `${known[2] ?? ''}\n`);
    expect(await named(own)).toEqual(known.slice(0, 3));
    expect(own.warnings).toEqual([]);
  });

  it('with more branches than a command takes words is asked all of them', async () => {
    const own = await rig(['2026010101', '2026010102']);
    await commit(own.root, 'First', { [`${IMAGE}/serial`]: '2026010101\n' });
    const tree = await git(own.root, 'rev-parse', 'HEAD^{tree}');
    await commit(own.root, 'Thawed', { [`${IMAGE}/serial`]: 'latest\n' });
    const base = await git(own.root, 'rev-parse', 'HEAD');
    const commits = Array.from({ length: 1200 }, (_, index) => {
      const what = index === 1199 ? `D ${IMAGE}/serial\nM 040000 ${tree} \n` : '';
      return `commit refs/heads/b${index}\ncommitter A <a@b> ${index} +0000\ndata 0\nfrom ${base}\n${what}\n`;
    });
    const stream = join(own.root, '.git/stream');
    await writeFile(stream, commits.join(''));
    await run('git', ['fast-import', '--quiet'], { cwd: own.root, inputFile: stream });
    expect(await named(own)).toEqual(['2026010101']);
  });

  it('names a state that is stored under another serial', async () => {
    const own = await rig(['2026010101']);
    await commit(own.root, 'Frozen elsewhere', {
      [`${IMAGE}/serial`]: '2020010107\n',
      [`${IMAGE}/InRelease.sha256`]: `${releaseOf('2026010101')}  trixie\n`,
    });
    expect(await named(own)).toEqual(['2020010107']);
  });

  it('may say what it likes: only what is stored counts', async () => {
    const own = await rig(['2026010101']);
    await commit(own.root, 'Evil', {
      [`${IMAGE}/serial`]: '../../../../2026010101\n',
      'x/y: debian:/serial': '2026010101\n',
      'config/APT_snapshots.d/debian-security/serial': '2026010101\n',
      'config/APT_snapshots.d/none/serial': '2026019901\n',
    });
    await symlink('/etc/passwd', join(own.root, 'serial'));
    expect(await named(own)).toEqual([]);
    expect((await listCheckouts(own.archive))[0]?.states).toEqual([]);
  });

  it('is forgotten when it has been gone for half a year: it may be a work tree, or on another disk', async () => {
    const own = await rig(['2026010101']);
    await commit(own.root, 'Frozen', { [`${IMAGE}/serial`]: '2026010101\n' });
    expect(await named(own)).toEqual(['2026010101']);
    await rename(own.root, `${own.root} moved`);
    const at = async (days: number, dryRun = false): Promise<number> => {
      const now = new Date(Date.UTC(2026, 0, 1 + days));
      return (await statesOfCheckouts(own.context, dryRun, now)).length;
    };
    expect(await at(0, true)).toBe(1);
    expect(await at(1)).toBe(1);
    expect(own.warnings.at(-1)).toContain(`${own.root} is gone, or was moved`);
    expect(await at(183)).toBe(1);
    expect(await at(184, true)).toBe(0);
    expect(await listCheckouts(own.archive)).toHaveLength(1);
    // It came back, and went again.
    await rename(`${own.root} moved`, own.root);
    expect(await at(184)).toBe(1);
    await rm(own.root, { recursive: true });
    expect(await at(185)).toBe(1);
    expect(await at(185 + 183)).toBe(0);
    expect(await listCheckouts(own.archive)).toEqual([]);
  });

  it('names what a build would read, with blanks and a byte order mark', async () => {
    const own = await rig(['2026010101', '2026010102']);
    await commit(own.root, 'One', { [`${IMAGE}/serial`]: ' 2026010101 \r\n' });
    await write(own.root, 'builder/basebox/APT_snapshots.d/debian/serial', '\ufeff2026010102\n');
    expect(await named(own)).toEqual(['2026010101', '2026010102']);
  });

  it('that cannot be read is warned of, and what it named when it could stays', async () => {
    const own = await rig(['2026010101']);
    await commit(own.root, 'Frozen', { [`${IMAGE}/serial`]: '2026010101\n' });
    await named(own);
    await rename(join(own.root, '.git/HEAD'), join(own.root, '.git/HEAT'));
    // A repository around it is another one.
    await repository(join(own.root, '..'));
    for (let time = 0; time < 2; time += 1) expect(await named(own)).toEqual(['2026010101']);
    expect(own.warnings).toHaveLength(2);
    expect(own.warnings[0]).toContain(own.root);
  });

  it('of which a part is lost is one that cannot be read', async () => {
    const own = await rig(['2026010101']);
    await commit(own.root, 'Frozen', { [`${IMAGE}/serial`]: '2026010101\n' });
    await named(own);
    const blob = await git(own.root, 'rev-parse', `HEAD:${IMAGE}/serial`);
    await rm(join(own.root, IMAGE), { recursive: true });
    await rm(join(own.root, '.git/objects', blob.slice(0, 2), blob.slice(2)));
    expect(await named(own)).toEqual(['2026010101']);
    expect(own.warnings).toHaveLength(1);
  });
});

describe('a checkout becomes known', () => {
  const paths = async (context: Context): Promise<readonly string[]> =>
    (await listCheckouts(archiveFolder(context.home))).map(({ path }) => path);

  it('when what was planned is used, with what it is frozen to', async () => {
    const { root, context } = await testProject();
    await notePlanned(context, await plan(context));
    const [note, ...more] = await listCheckouts(archiveFolder(context.home));
    expect(more).toEqual([]);
    expect(note?.path).toBe(root);
    expect(note?.states.map(({ origin, serial }) => `${origin} ${serial}`).sort()).toEqual([
      'debian 2026010203',
      'debian 2026010301',
      'debian-security 2026010204',
      'debian-security 2026010302',
    ]);
  });

  it('when a serial is written, once, by its real path', async () => {
    const { root, context } = await testProject();
    await symlink(root, `${root}-link`);
    for (const cwd of [root, `${root}-link`]) {
      const own = { ...context, cwd };
      await setSerial(own, await serialProject(own), 'debian', '2026020201', ['image']);
    }
    expect(await paths(context)).toEqual([root]);
    const [note] = await listCheckouts(archiveFolder(context.home));
    expect(note?.states).toEqual([{ origin: 'debian', serial: '2026020201', releases: {} }]);
  });

  it('when it is made, by the path that it gets in the end', async () => {
    const folder = await temporaryFolder();
    const context = contextIn(folder, join(folder, 'home'));
    const made = await initProject(context, 'x', { template: 'minimal', freeze: false });
    expect(await paths(context)).toEqual([made.folder]);
  });

  it('also when its note is damaged', async () => {
    const own = await rig([]);
    const { checkouts } = archiveParts(own.archive);
    const [name = ''] = await readdir(checkouts);
    await writeFile(join(checkouts, name), 'x');
    await noteUse(own.context, own.root, true, []);
    expect(await paths(own.context)).toEqual([own.root]);
  });

  it('or not, with a warning, where nothing can be written', async () => {
    const own = await rig([]);
    const { checkouts } = archiveParts(own.archive);
    await rm(checkouts, { recursive: true });
    await symlink('/sys/kernel', checkouts);
    await noteUse(own.context, own.root, true, []);
    expect(own.warnings).toHaveLength(1);
    expect(own.warnings[0]).toContain('mayfly snapshots expire');
    await noteUse(own.context, own.root, false, []);
    expect(own.warnings).toHaveLength(1);
  });
});

it('checksums that a merge has spoilt leave the serial', () => {
  const line = (path: string, text: string) => ({ commit: 'c', path: `${IMAGE}/${path}`, text });
  const lines = [
    line('serial', '2026010101'),
    line('serial', '2026010102'),
    line('InRelease.sha256', `${'a'.repeat(64)}  trixie`),
    line('InRelease.sha256', `${'b'.repeat(64)}  trixie`),
  ];
  expect(statesIn(lines)).toEqual([
    { origin: 'debian', serial: '2026010101', releases: {} },
    { origin: 'debian', serial: '2026010102', releases: {} },
  ]);
});
