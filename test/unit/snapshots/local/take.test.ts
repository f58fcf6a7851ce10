/** Snapshots that are taken of a real mirror, and what goes wrong. */
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newestCovering } from '../../../../src/snapshots/local/covers.js';
import { knownSnapshots } from '../../../../src/snapshots/local/expire.js';
import { storedFile } from '../../../../src/snapshots/local/layout.js';
import { signedFor } from '../../../../src/snapshots/local/signers.js';
import { listSerials } from '../../../../src/snapshots/local/snapshot.js';
import { startMirror } from '../../../rig/mirror.js';
import { failure, temporaryFolder } from '../../source/repository.js';
import { archiveRig, filesIn, HELLO, NEWER, signal } from './rig.js';

const rig = archiveRig();

describe('taking a snapshot', () => {
  it('keeps what was published as it was published, and no package yet', async () => {
    const { snapshot, isNew } = await rig.take();
    expect(isNew).toBe(true);
    expect(snapshot).toMatchObject({ serial: '2026010201', upstream: rig.mirror.url, components: ['main'] });
    const [suite] = snapshot.suites;
    expect(Object.keys(suite?.indexes ?? {})).toEqual(['main/binary-amd64/Packages.xz']);
    expect(suite?.signers).toHaveLength(1);
    expect(rig.mirror.requests.filter((path) => path.startsWith('pool'))).toEqual([]);
  });

  it('of the same state is the same snapshot, and of another one a new one', async () => {
    await rig.take();
    rig.mirror.requests.length = 0;
    expect(await rig.take()).toMatchObject({ isNew: false, snapshot: { serial: '2026010201' } });
    expect(rig.mirror.requests).toEqual(['dists/trixie/InRelease']);
    await rig.mirror.publish({ packages: [NEWER] });
    expect(await rig.take()).toMatchObject({ isNew: true, snapshot: { serial: '2026010202' } });
    expect(await listSerials(join(rig.archive, 'snapshots'), 'debian')).toEqual(['2026010201', '2026010202']);
  });

  it('of a mirror without by-hash works too', async () => {
    await rig.mirror.publish({ packages: [HELLO], byHash: false });
    await rig.take();
    expect(rig.mirror.requests).toContain('dists/trixie/main/binary-amd64/Packages.xz');
  });

  it('refuses what is signed by another key', async () => {
    const other = await startMirror(join(await temporaryFolder(), 'other'), 'trixie', 'other');
    await other[Symbol.asyncDispose]();
    expect(await failure(rig.take({ keyring: other.keyring }))).toMatchObject({
      code: 'archive.bad-signature',
    });
    expect(await listSerials(join(rig.archive, 'snapshots'), 'debian')).toEqual([]);
  });

  it('refuses what was changed after it was signed', async () => {
    const text = await (await fetch(`${rig.mirror.url}/dists/trixie/InRelease`)).text();
    rig.mirror.spoiled.set(
      'dists/trixie/InRelease',
      Buffer.from(text.replace('Origin: Test', 'Origin: Evil')),
    );
    expect(await failure(rig.take())).toMatchObject({ code: 'archive.bad-signature' });
  });

  it('does not believe what stands beside the signed text', async () => {
    const text = await (await fetch(`${rig.mirror.url}/dists/trixie/InRelease`)).text();
    const line = `SHA256:\n ${'b'.repeat(64)} 1 main/binary-amd64/Packages.xz\n\n`;
    rig.mirror.spoiled.set('dists/trixie/InRelease', Buffer.from(`Date: x\n${line}${text}`));
    const outcome = await rig.take().then(
      ({ snapshot }) => snapshot.suites[0]?.indexes['main/binary-amd64/Packages.xz']?.sha256,
      () => undefined,
    );
    expect(outcome).not.toBe('b'.repeat(64));
  });

  it('refuses an index that is not the signed one, after another try', async () => {
    for (const path of [...(await indexPaths())]) rig.mirror.spoiled.set(path, Buffer.from('something else'));
    const error = await failure(rig.take());
    expect(error).toMatchObject({ code: 'archive.wrong-file' });
    expect(rig.mirror.requests.filter((path) => path.endsWith('InRelease'))).toHaveLength(3);
    expect(await filesIn(rig.archive)).toEqual([]);
  });

  it('refuses another suite than it asked for', async () => {
    await rig.mirror.publish({ packages: [HELLO], release: { Codename: 'sid', Suite: 'unstable' } });
    expect(await failure(rig.take())).toMatchObject({ code: 'archive.other-suite' });
  });

  it('refuses a mirror whose state is valid no longer', async () => {
    await rig.mirror.publish({ packages: [HELLO], validUntil: new Date('2026-01-01T00:00:00Z') });
    expect(await failure(rig.take())).toMatchObject({ code: 'archive.stale' });
    await rig.mirror.publish({ packages: [HELLO], validUntil: new Date('2026-01-09T00:00:00Z') });
    const { snapshot } = await rig.take();
    expect(snapshot.suites[0]?.validUntil).toBe('2026-01-09T00:00:00.000Z');
  });

  it('keeps the newest snapshot when the mirror goes back to an older state', async () => {
    await rig.mirror.publish({ packages: [NEWER], release: { Date: 'Fri, 02 Jan 2026 02:00:00 UTC' } });
    const { snapshot } = await rig.take();
    await rig.mirror.publish({ packages: [HELLO], release: { Date: 'Fri, 02 Jan 2026 01:00:00 UTC' } });
    expect(await rig.take()).toMatchObject({
      isNew: false,
      wentBack: ['trixie'],
      snapshot: { serial: snapshot.serial },
    });
  });

  it("is of one's own archive: that of another project, of the same name and signed by another key, is nothing to it", async () => {
    const { snapshot } = await rig.take();
    const other = await startMirror(join(await temporaryFolder(), 'other'), 'trixie', 'other');
    await other.publish({ packages: [NEWER], release: { Date: 'Fri, 02 Jan 2026 02:30:00 UTC' } });
    const theirs = { url: other.url, keyring: other.keyring };
    expect(await rig.take(theirs)).toMatchObject({ isNew: true, snapshot: { serial: '2026010202' } });
    // Neither takes the other's for a newer or an older state of its own; they do not take turns.
    const again = await rig.take();
    expect(again).toMatchObject({ isNew: false, wentBack: [], snapshot: { serial: snapshot.serial } });
    expect(await rig.take(theirs)).toMatchObject({ isNew: false, snapshot: { serial: '2026010202' } });
    // Each is what `latest` means for somebody: expiry takes neither.
    expect((await knownSnapshots(rig.archive)).map(({ isNewest }) => isNewest)).toEqual([true, true]);
    const isSigned = (keyring: string) =>
      signedFor({ archive: rig.archive, keyring, suites: ['trixie'], scratch: rig.archive, signal })(
        again.snapshot,
      );
    const keyrings = [rig.mirror.keyring, other.keyring, '/no such keyring'];
    expect(await Promise.all(keyrings.map(isSigned))).toEqual([true, false, true]);
    // A file that is gone, or is not what it was, is told where it is used.
    const file = storedFile(rig.archive, again.snapshot.suites[0]?.inRelease.sha256 ?? '');
    await chmod(file, 0o600);
    await writeFile(file, 'something else');
    expect(await isSigned(other.keyring)).toBe(true);
    await rm(file);
    expect(await isSigned(other.keyring)).toBe(true);
    await other[Symbol.asyncDispose]();
  });

  it('compares with what holds as much: two projects with different suites do not take turns', async () => {
    await rig.mirror.publish({ packages: [HELLO], release: { Suite: 'stable' } });
    const [trixie, both] = [{ suites: ['trixie'] }, { suites: ['trixie', 'stable'] }];
    const text = Buffer.from(await (await fetch(`${rig.mirror.url}/dists/trixie/InRelease`)).arrayBuffer());
    rig.mirror.spoiled.set('dists/stable/InRelease', text);
    const stable = { suites: ['stable'] };
    const wanted = { components: ['main'], architectures: ['amd64'] };
    await rig.take(trixie);
    expect(await rig.take(stable)).toMatchObject({ isNew: true, snapshot: { serial: '2026010202' } });
    expect(await rig.take(trixie)).toMatchObject({ isNew: false, snapshot: { serial: '2026010201' } });
    expect(await rig.take(stable)).toMatchObject({ isNew: false, snapshot: { serial: '2026010202' } });
    const shelf = join(rig.archive, 'snapshots');
    expect((await newestCovering(shelf, 'debian', { ...wanted, ...trixie }))?.serial).toBe('2026010201');
    expect((await newestCovering(shelf, 'debian', { ...wanted, ...stable }))?.serial).toBe('2026010202');
    expect(await newestCovering(shelf, 'debian', { ...wanted, ...both })).toBeUndefined();
    // Each is what `latest` means for somebody: expiry takes neither.
    expect((await knownSnapshots(rig.archive)).map(({ isNewest }) => isNewest)).toEqual([true, true]);
  });

  it('is the newest also when the clock was ahead once, and the next of the same state is the same', async () => {
    await rig.take({ now: new Date('2026-01-03T01:00:00Z') });
    await rig.mirror.publish({ packages: [NEWER] });
    const take = (hour: number) => rig.take({ now: new Date(Date.UTC(2026, 0, 2, hour)) });
    expect(await take(15)).toMatchObject({ isNew: true, snapshot: { serial: '2026010302' } });
    expect(await take(16)).toMatchObject({ isNew: false, snapshot: { serial: '2026010302' } });
  });

  it('says that the mirror is out of reach', async () => {
    await rig.mirror[Symbol.asyncDispose]();
    expect(await failure(rig.take())).toMatchObject({ code: 'archive.unreachable' });
    rig.mirror = await startMirror(join(await temporaryFolder(), 'mirror'));
  });
});

async function indexPaths(): Promise<readonly string[]> {
  const { snapshot } = await rig.take({ archive: join(rig.archive, '..', 'other') });
  const sha256 = snapshot.suites[0]?.indexes['main/binary-amd64/Packages.xz']?.sha256 ?? '';
  rig.mirror.requests.length = 0;
  return [`dists/trixie/main/binary-amd64/by-hash/SHA256/${sha256}`];
}
