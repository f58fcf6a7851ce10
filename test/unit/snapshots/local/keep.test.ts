/** Expiry, holds, verification and tags of an archive that was filled from a mirror. */
import { chmod, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expire, expiredSnapshots, type Expired } from '../../../../src/snapshots/local/expire.js';
import type { NamedState } from '../../../../src/snapshots/local/checkouts.js';
import { hasFile } from '../../../../src/snapshots/local/files.js';
import { holdSnapshot, readHold, releaseHold } from '../../../../src/snapshots/local/holds.js';
import { archiveParts, snapshotFile, storedFile } from '../../../../src/snapshots/local/layout.js';
import { listSerials, releasesOf, type Snapshot } from '../../../../src/snapshots/local/snapshot.js';
import {
  addTag,
  findTag,
  listTags,
  removeTag,
  taggedSnapshots,
} from '../../../../src/snapshots/local/tag.js';
import { verifyArchive } from '../../../../src/snapshots/local/verify.js';
import { poolPath, type MirrorPackage } from '../../../rig/mirror.js';
import { failure } from '../../source/repository.js';
import { archiveRig, filesIn, HELLO, NEWER, sha, signal, tagOf } from './rig.js';

const rig = archiveRig();
const DAY_MS = 24 * 3600 * 1000;
const OTHER: MirrorPackage = { name: 'other', version: '2', content: 'something else\n' };

/** Two states; the packages of both are stored. The older one was last used a year ago. */
async function twoSnapshots(): Promise<readonly [Snapshot, Snapshot]> {
  await rig.mirror.publish({ packages: [HELLO, OTHER] });
  const first = (await rig.take()).snapshot;
  await rig.serving(async ({ get }) => {
    for (const entry of [HELLO, OTHER]) await get(`/debian/${first.serial}/${poolPath(entry)}`);
  });
  await rig.mirror.publish({ packages: [NEWER, OTHER] });
  const second = (await rig.take()).snapshot;
  await rig.serving(async ({ get }) => {
    await get(`/debian/${second.serial}/${poolPath(NEWER)}`);
  });
  const yearAgo = new Date(Date.now() - 365 * DAY_MS);
  await utimes(snapshotFile(archiveParts(rig.archive).snapshots, 'debian', first.serial), yearAgo, yearAgo);
  return [first, second];
}

const run = (dryRun = false, graceMs = -1000, named: readonly NamedState[] = []): Promise<Expired> =>
  expire({ archive: rig.archive, days: 183, now: new Date(), dryRun, signal, graceMs, named });

const has = async (entry: MirrorPackage): Promise<boolean> =>
  (await filesIn(rig.archive)).some((name) => name.endsWith(sha(entry)));

const indexOf = ({ suites }: Snapshot): string =>
  suites[0]?.indexes['main/binary-amd64/Packages.xz']?.sha256 ?? '';

const serials = (): Promise<readonly string[]> => listSerials(archiveParts(rig.archive).snapshots, 'debian');

describe('expiry', () => {
  it('removes what no build has used for long, and the files that only it names', async () => {
    const [first, second] = await twoSnapshots();
    const before = await filesIn(rig.archive);
    expect(await run(true)).toMatchObject({
      snapshots: [{ origin: 'debian', serial: first.serial }],
      files: 4,
    });
    expect(await filesIn(rig.archive)).toEqual(before);
    expect(await run()).toMatchObject({ snapshots: [{ serial: first.serial }], files: 4 });
    expect(await serials()).toEqual([second.serial]);
    expect([await has(HELLO), await has(OTHER), await has(NEWER)]).toEqual([false, true, true]);
    expect(await run()).toEqual({ snapshots: [], files: 0, bytes: 0, named: 0 });
  });

  it('leaves files alone that may belong to a snapshot in the making', async () => {
    await twoSnapshots();
    expect(await run(false, DAY_MS)).toMatchObject({ files: 0 });
    expect(await has(HELLO)).toBe(true);
  });

  it('leaves what is held, until it is not', async () => {
    const [first] = await twoSnapshots();
    await holdSnapshot(rig.archive, 'debian', first.serial, 'release candidate');
    expect(await readHold(rig.archive, 'debian', first.serial)).toBe('release candidate');
    expect((await run()).snapshots).toEqual([]);
    expect(await releaseHold(rig.archive, 'debian', first.serial)).toBe(true);
    expect(await releaseHold(rig.archive, 'debian', first.serial)).toBe(false);
    expect((await run()).snapshots).toHaveLength(1);
  });

  it('leaves what a checkout names, by its serial or by what is in it, and says so', async () => {
    const [first] = await twoSnapshots();
    const bySerial = { origin: 'debian', serial: first.serial, releases: {} };
    const byContent = { origin: 'debian', serial: '2020010107', releases: releasesOf(first) };
    for (const state of [bySerial, byContent])
      expect(await run(false, -1000, [state])).toEqual({ snapshots: [], files: 0, bytes: 0, named: 1 });
    const others = [
      { ...bySerial, origin: 'debian-security' },
      { ...byContent, releases: { ...byContent.releases, sid: 'ab'.repeat(32) } },
      { ...byContent, releases: {} },
    ];
    expect((await run(false, -1000, others)).snapshots).toHaveLength(1);
  });

  it.each([
    ['../../../elsewhere', 'precious', 'origin.name'],
    ['debian', '../../../precious', 'serial.invalid'],
    ['debian', 'latest', 'serial.invalid'],
  ])('holds nothing of the origin %s and the serial %s', async (origin, serial, code) => {
    const precious = [join(rig.archive, '../precious'), join(rig.archive, '../../elsewhere/precious')];
    for (const file of precious) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, 'x');
    }
    expect(await failure(releaseHold(rig.archive, origin, serial))).toMatchObject({ kind: 'usage', code });
    expect(await failure(holdSnapshot(rig.archive, origin, serial, ''))).toMatchObject({ code });
    for (const file of precious) expect(await readFile(file, 'utf8')).toBe('x');
  });

  it('a tag that was removed is served no more, and one of its name has its own states', async () => {
    const { snapshot: first } = await rig.take();
    await addTag(rig.archive, tagOf(first, [HELLO]));
    await rig.serving(async ({ get }) => {
      expect((await get(`/1.0/debian/${poolPath(HELLO)}`)).status).toBe(200);
      await removeTag(rig.archive, '1.0');
      expect((await get(`/1.0/debian/${poolPath(HELLO)}`)).status).toBe(404);
      await rig.mirror.publish({ packages: [NEWER] });
      const { snapshot: second } = await rig.take();
      await addTag(rig.archive, tagOf(second, [NEWER]));
      expect((await get(`/1.0/debian/${poolPath(NEWER)}`)).status).toBe(200);
      expect((await get(`/1.0/debian/${poolPath(HELLO)}`)).status).toBe(404);
    });
  });

  it('leaves what a tag keeps, and nothing else of its snapshot', async () => {
    const [first] = await twoSnapshots();
    await addTag(rig.archive, tagOf(first, [HELLO]));
    expect((await run()).snapshots).toEqual([{ origin: 'debian', serial: first.serial }]);
    expect(await has(HELLO)).toBe(true);
    await rig.serving(async ({ get }) => {
      // Under its tag, and under its serial, as long as the tag is there.
      for (const base of ['/1.0/debian', `/debian/${first.serial}`]) {
        expect(await (await get(`${base}/${poolPath(HELLO)}`)).text()).toBe(HELLO.content);
        expect((await get(`${base}/dists/trixie/InRelease`)).status).toBe(200);
      }
    }, true);
    await removeTag(rig.archive, '1.0');
    await run();
    expect(await has(HELLO)).toBe(false);
  });

  it('leaves what a build fetched beside the indexes', async () => {
    const [, second] = await twoSnapshots();
    const path = `/debian/${second.serial}/dists/trixie/main/binary-amd64/Packages`;
    await rig.serving(async ({ get }) => {
      expect((await get(path)).status).toBe(200);
    });
    await run();
    await rig.serving(async ({ get }) => {
      expect((await get(path)).status).toBe(200);
    }, true);
  });

  it('removes nothing when nobody can say what is needed, and names what is lost', async () => {
    const [first, second] = await twoSnapshots();
    await rm(storedFile(rig.archive, indexOf(second)));
    await rm(archiveParts(rig.archive).catalogs, { recursive: true });
    const before = await filesIn(rig.archive);
    const error = await failure(run());
    expect(error).toMatchObject({ kind: 'host', code: 'archive.damaged' });
    expect(error.message).toContain(`Packages.xz of the snapshot ${second.serial} of debian`);
    expect(error.hint).toContain('mayfly snapshots verify');
    expect(await serials()).toEqual([first.serial, second.serial]);
    expect(await filesIn(rig.archive)).toEqual(before);
  });

  it('never takes what was used within a day: a server may be serving it', () => {
    const known = { shelf: 's', origin: 'debian', isNewest: false, isHeld: false, isNamed: false };
    const now = new Date();
    const hoursAgo = (hours: number) => ({
      ...known,
      serial: String(hours),
      lastUse: new Date(now.getTime() - hours * 3600 * 1000),
    });
    const gone = expiredSnapshots([hoursAgo(23), hoursAgo(25)], { now, days: 0 });
    expect(gone.map(({ serial }) => serial)).toEqual(['25']);
  });

  it('never takes the newest', () => {
    const known = { shelf: 's', origin: 'debian', lastUse: new Date(0), isHeld: false, isNamed: false };
    const all = [
      { ...known, serial: '2026010101', isNewest: false },
      { ...known, serial: '2026010102', isNewest: true },
    ];
    expect(expiredSnapshots(all, { now: new Date(), days: 1 }).map(({ serial }) => serial)).toEqual([
      '2026010101',
    ]);
  });
});

describe('a tag', () => {
  it('never changes', async () => {
    const { snapshot } = await rig.take();
    await addTag(rig.archive, tagOf(snapshot, []));
    expect(await failure(addTag(rig.archive, tagOf(snapshot, [HELLO])))).toMatchObject({
      code: 'tag.exists',
    });
    expect((await findTag(rig.archive, '1.0'))?.files).toEqual([]);
    expect(await listTags(rig.archive)).toEqual(['1.0']);
    expect(await failure(removeTag(rig.archive, '2.0'))).toMatchObject({ code: 'tag.unknown' });
  });

  it('may go while others read all of them: a build does that again and again', async () => {
    const { snapshot } = await rig.take();
    await addTag(rig.archive, tagOf(snapshot, []));
    // One that is listed, and gone when it is read.
    await symlink('gone', join(archiveParts(rig.archive).tags, 'other.json'));
    expect(await taggedSnapshots(rig.archive)).toEqual([snapshot]);
  });

  it.each(['', '../x', 'a/b', '2026010101', '.hidden', '20260101T000000Z'])(
    'cannot be called %j',
    async (name) => {
      const { snapshot } = await rig.take();
      expect(await failure(addTag(rig.archive, tagOf(snapshot, [], name)))).toMatchObject({
        code: 'tag.name',
      });
    },
  );
});

describe('verification', () => {
  const verify = (online = true) =>
    verifyArchive({
      archive: rig.archive,
      upstream: online ? rig.upstream : undefined,
      signal,
      progress: () => undefined,
    });

  const spoil = async (sha256: string): Promise<void> => {
    const path = storedFile(rig.archive, sha256);
    await chmod(path, 0o644);
    const content = await readFile(path);
    content[0] = (content[0] ?? 0) ^ 1;
    await writeFile(path, content);
  };

  it('finds nothing where nothing is wrong', async () => {
    await twoSnapshots();
    const { files, bytes, damage } = await verify(false);
    expect(damage).toEqual([]);
    expect(files).toBe((await filesIn(rig.archive)).length);
    expect(bytes).toBeGreaterThan(HELLO.content.length);
  });

  it('mends what the mirror still has: a package, an index, an InRelease file', async () => {
    const [, second] = await twoSnapshots();
    const [suite] = second.suites;
    const index = indexOf(second);
    const inRelease = suite?.inRelease.sha256 ?? '';
    for (const sha256 of [sha(NEWER), inRelease]) await spoil(sha256);
    await rm(storedFile(rig.archive, index));
    const { damage } = await verify();
    expect(damage).toHaveLength(3);
    expect(damage.every(({ repaired }) => repaired)).toBe(true);
    expect(damage.find(({ sha256 }) => sha256 === index)?.problem).toBe('missing');
    expect((await verify(false)).damage).toEqual([]);
  });

  it('tells what nobody has any more, and serves it to nobody', async () => {
    const [first] = await twoSnapshots();
    await spoil(sha(HELLO));
    await rig.mirror.publish({ packages: [NEWER] }, true);
    const { damage } = await verify();
    expect(damage).toMatchObject([{ sha256: sha(HELLO), problem: 'changed', repaired: false }]);
    expect(damage[0]?.name).toContain(poolPath(HELLO));
    await rig.serving(async ({ get }) => {
      expect((await get(`/debian/${first.serial}/${poolPath(HELLO)}`)).status).not.toBe(200);
    });
  });

  it('offline, mends nothing and tells the same again, until it is mended', async () => {
    await twoSnapshots();
    await spoil(sha(NEWER));
    for (let time = 0; time < 2; time += 1) {
      expect((await verify(false)).damage).toMatchObject([
        { sha256: sha(NEWER), problem: 'changed', repaired: false },
      ]);
    }
    expect(await hasFile(rig.archive, { sha256: sha(NEWER), bytes: NEWER.content.length })).toBe(false);
    expect((await verify()).damage).toMatchObject([{ sha256: sha(NEWER), repaired: true }]);
    expect((await verify(false)).damage).toEqual([]);
    expect((await filesIn(rig.archive)).filter((name) => name.endsWith('.damaged'))).toEqual([]);
  });

  it('names an index that a build fetched beside the others', async () => {
    const [, second] = await twoSnapshots();
    const path = 'dists/trixie/main/binary-amd64/Packages';
    await rig.serving(async ({ get, files }) => {
      await get(`/debian/${second.serial}/${path}`);
      await spoil(files[0]?.sha256 ?? '');
    });
    const { damage } = await verify();
    expect(damage).toMatchObject([{ problem: 'changed', repaired: true }]);
    expect(damage[0]?.name).toContain(path);
  });

  it('misses the package of a tag', async () => {
    const [, second] = await twoSnapshots();
    await addTag(rig.archive, tagOf(second, [NEWER]));
    await rm(storedFile(rig.archive, sha(NEWER)));
    expect((await verify(false)).damage).toMatchObject([{ problem: 'missing', repaired: false }]);
    expect((await verify()).damage).toMatchObject([{ problem: 'missing', repaired: true }]);
  });
});
