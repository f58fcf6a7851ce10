/** Commands that keep the archive, and are killed in the middle: what they leave is whole, and they can be run again. */
import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { archiveFolder } from '../../../../src/paths.js';
import { exportTag } from '../../../../src/snapshots/local/bundle.js';
import { archiveParts, snapshotFile, storedFile } from '../../../../src/snapshots/local/layout.js';
import { listSerials, readSnapshot, type Snapshot } from '../../../../src/snapshots/local/snapshot.js';
import { addTag, listTags, readTag } from '../../../../src/snapshots/local/tag.js';
import { expireSnapshots, importSnapshots, verifySnapshots } from '../../../../src/tasks/keep-snapshots.js';
import { doomed, type Doomed, type Moment } from '../../../rig/killed-at.js';
import { poolPath, type MirrorPackage } from '../../../rig/mirror.js';
import { sourceUrl } from '../../../rig/node-child.js';
import { contextIn } from '../../build/plan/project.js';
import { temporaryFolder } from '../../source/repository.js';
import { archiveRig, filesIn, HELLO, NEWER, sha, signal, tagOf } from './rig.js';

const rig = archiveRig();
const LARGE: MirrorPackage = { name: 'large', version: '1', content: 'large '.repeat(50_000) };
const OLD_LARGE: MirrorPackage = { ...LARGE, version: '0', content: 'old '.repeat(50_000) };
let home: string;

beforeEach(async () => {
  home = await temporaryFolder();
  rig.archive = archiveFolder(contextIn(home, home).home);
});

/** Processes with one command of `mayfly snapshots`, as the command line calls it, that are killed. */
function killedAt(moments: readonly Moment[], call: string, ...more: readonly unknown[]): readonly Doomed[] {
  const load = `
    const { ${call} } = await import(${JSON.stringify(sourceUrl('tasks/keep-snapshots.ts'))});
    const { resolveHome } = await import(${JSON.stringify(sourceUrl('paths.ts'))});
  `;
  const code = `
    const [home, more] = process.argv.slice(1).filter((word) => word !== '--');
    const { signal } = new AbortController();
    const context = { home: resolveHome({ MAYFLY_HOME: home }), cwd: home, env: {}, signal, report: () => undefined };
    await ${call}(context, ...JSON.parse(more));
    console.log('ended');
  `;
  const args = [home, JSON.stringify(more)];
  return moments.map((moment) => doomed(rig.archive, moment, { load, code, args }));
}

/** @returns the stored files that are not what their name says: name → content */
async function wrongFiles(): Promise<ReadonlyMap<string, string>> {
  const wrong = new Map<string, string>();
  for (const name of await filesIn(rig.archive)) {
    const content = await readFile(join(rig.archive, 'files', name));
    const hash = createHash('sha256').update(content).digest('hex');
    if (name !== `${hash.slice(0, 2)}/${hash}`) wrong.set(name.slice(3), content.toString());
  }
  return wrong;
}

/** What stands under a final name can be read; nothing else has one. */
async function expectWholeRecords(): Promise<void> {
  const { snapshots } = archiveParts(rig.archive);
  for (const serial of await listSerials(snapshots, 'debian'))
    await readSnapshot(snapshots, 'debian', serial);
  for (const tag of await listTags(rig.archive)) await readTag(rig.archive, tag);
}

/** Names that only a killed process leaves: folders of what was coming in, and files beside records. */
async function leftovers(): Promise<readonly string[]> {
  const names = await readdir(rig.archive, { recursive: true });
  return names.filter((name) => /^incoming\/[^/]*$|^(?!incoming\/).*\.new$/.test(name));
}

/** A snapshot of the mirror whose packages are stored. */
async function taken(packages: readonly MirrorPackage[]): Promise<Snapshot> {
  await rig.mirror.publish({ packages });
  const { snapshot } = await rig.take();
  await rig.serving(async ({ get }) => {
    for (const entry of packages)
      expect((await get(`/debian/${snapshot.serial}/${poolPath(entry)}`)).status).toBe(200);
  });
  return snapshot;
}

/** Without upstream, all of it comes from the archive. */
async function expectServed(base: string, packages: readonly MirrorPackage[]): Promise<void> {
  await rig.serving(async ({ get }) => {
    expect((await get(`${base}/dists/trixie/InRelease`)).status).toBe(200);
    for (const entry of packages)
      expect(await (await get(`${base}/${poolPath(entry)}`)).text()).toBe(entry.content);
  }, true);
}

describe('killed at any moment', () => {
  it('an import leaves whole files and no tag, and the next one brings the rest', async () => {
    const snapshot = await taken([HELLO, LARGE]);
    await addTag(rig.archive, tagOf(snapshot, [HELLO, LARGE]));
    const bundle = join(home, '1.0.bundle');
    await exportTag(rig.archive, await readTag(rig.archive, '1.0'), bundle, signal);
    await rm(rig.archive, { recursive: true });
    const request = [bundle, { keyring: rig.mirror.keyring }] as const;
    const moments: readonly Moment[] = [
      { step: 'rename', nth: 2 },
      // Release file and index come before it: this one is in a package.
      { step: 'write', nth: 3 },
      { step: 'link', nth: 1 },
    ];
    for (const process of killedAt(moments, 'importSnapshots', ...request)) {
      await process.go();
      // What the one before left is gone.
      expect(await leftovers()).toHaveLength(1);
      expect(await wrongFiles()).toEqual(new Map());
      expect(await listTags(rig.archive)).toEqual([]);
    }
    const context = contextIn(home, home);
    expect(await importSnapshots(context, ...request)).toMatchObject({ isNew: true, files: 5 });
    expect(await leftovers()).toEqual([]);
    await expectServed('/1.0/debian', [HELLO, LARGE]);
  });

  it('an expiry leaves each snapshot whole or none of it, and the next one removes the rest', async () => {
    const first = await taken([HELLO, OLD_LARGE]);
    const second = await taken([NEWER, LARGE]);
    const { snapshots } = archiveParts(rig.archive);
    const yearAgo = new Date(Date.now() - 365 * 24 * 3600 * 1000);
    const old = (await filesIn(rig.archive)).map((name) => join(rig.archive, 'files', name));
    for (const path of [...old, snapshotFile(snapshots, 'debian', first.serial)])
      await utimes(path, yearAgo, yearAgo);
    const half = `${snapshotFile(snapshots, 'debian', '2026010201')}.0123456789ab.new`;
    await writeFile(half, '{');
    await utimes(half, yearAgo, yearAgo);
    const request = { days: 183, dryRun: false };
    const moments: readonly Moment[] = [
      { step: 'rm', nth: 1 },
      { step: 'rm', nth: 1, when: 'after' },
      { step: 'rm', nth: 2, when: 'after' },
    ];
    for (const [index, process] of killedAt(moments, 'expireSnapshots', request).entries()) {
      await process.go();
      const serials = index === 0 ? [first.serial, second.serial] : [second.serial];
      expect(await listSerials(snapshots, 'debian')).toEqual(serials);
      expect(await wrongFiles()).toEqual(new Map());
      await expectWholeRecords();
      if (serials.includes(first.serial)) await expectServed(`/debian/${first.serial}`, [HELLO, OLD_LARGE]);
      await expectServed(`/debian/${second.serial}`, [NEWER, LARGE]);
    }
    // InRelease, Release, index, two packages: two of them the killed ones removed.
    expect(await expireSnapshots(contextIn(home, home), request)).toMatchObject({ snapshots: [], files: 3 });
    expect(await filesIn(rig.archive)).toHaveLength(old.length - 5);
    expect(await leftovers()).toEqual([]);
    await expectServed(`/debian/${second.serial}`, [NEWER, LARGE]);
  });

  it('a verification that mends leaves damage that is known as such, and the next one mends the rest', async () => {
    const snapshot = await taken([HELLO, LARGE]);
    const [suite] = snapshot.suites;
    const spoilt = [sha(HELLO), sha(LARGE), Object.values(suite?.indexes ?? {})[0]?.sha256 ?? ''];
    for (const sha256 of spoilt) {
      await chmod(storedFile(rig.archive, sha256), 0o644);
      await writeFile(storedFile(rig.archive, sha256), `spoilt ${sha256}`);
    }
    const before = await filesIn(rig.archive);
    const moments: readonly Moment[] = [
      // It moves what is damaged out of the way first.
      { step: 'rename', nth: 2 },
      { step: 'write', nth: 2 },
      { step: 'rename', nth: 2 },
    ];
    for (const process of killedAt(moments, 'verifySnapshots', false)) {
      await process.go();
      for (const [name, content] of await wrongFiles())
        expect(content).toBe(`spoilt ${name.replace('.damaged', '')}`);
      await expectWholeRecords();
    }
    const { damage } = await verifySnapshots(contextIn(home, home), false);
    expect(damage).toMatchObject([{ repaired: true }]);
    expect((await verifySnapshots(contextIn(home, home), true)).damage).toEqual([]);
    expect(await leftovers()).toEqual([]);
    expect([...(await filesIn(rig.archive))].sort()).toEqual([...before].sort());
    expect(await wrongFiles()).toEqual(new Map());
    await expectServed(`/debian/${snapshot.serial}`, [HELLO, LARGE]);
  });
});
