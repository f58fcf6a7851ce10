/** What a serial stands for: on this host, and on one that counts otherwise. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findSnapshot, unknownSnapshot } from '../../../../src/snapshots/local/find-snapshot.js';
import { adoptSnapshot } from '../../../../src/snapshots/local/take.js';
import { archiveParts, serviceShelf } from '../../../../src/snapshots/local/layout.js';
import { releasesOf, type Snapshot } from '../../../../src/snapshots/local/snapshot.js';
import { archiveRig, HELLO, NEWER, signal } from './rig.js';

const rig = archiveRig();

const query = (serial: string, releases: Readonly<Record<string, string>> = {}) => ({
  shelf: archiveParts(rig.archive).snapshots,
  origin: 'debian',
  serial,
  releases,
  tagged: [],
});

describe('a serial', () => {
  it('alone is the snapshot of that name', async () => {
    const { snapshot } = await rig.take();
    expect(await findSnapshot(query(snapshot.serial))).toEqual(snapshot);
    expect(await findSnapshot(query('2026010299'))).toBeUndefined();
  });

  it('with checksums is the snapshot that has them, whatever it is called here', async () => {
    const first = (await rig.take()).snapshot;
    await rig.mirror.publish({ packages: [NEWER] });
    const second = (await rig.take()).snapshot;
    // Another host took the second state first, and so calls it by the first's serial.
    expect(await findSnapshot(query(first.serial, releasesOf(second)))).toEqual(second);
    expect(await findSnapshot(query('2025123101', releasesOf(first)))).toEqual(first);
  });

  it('with checksums that nothing has is refused, and said to be another state', async () => {
    const { snapshot } = await rig.take();
    const other = query(snapshot.serial, { trixie: 'ab'.repeat(32) });
    expect(await findSnapshot(other)).toBeUndefined();
    expect(await unknownSnapshot(other)).toMatchObject({ code: 'snapshot.other', kind: 'host' });
    expect(await unknownSnapshot(query('2025123101'))).toMatchObject({
      code: 'snapshot.unknown',
      details: [`It has: ${snapshot.serial}`],
    });
  });

  it('of a tag counts too', async () => {
    const { snapshot } = await rig.take();
    const elsewhere = { ...query(snapshot.serial), shelf: join(rig.archive, 'empty'), tagged: [snapshot] };
    expect(await findSnapshot(elsewhere)).toEqual(snapshot);
  });
});

describe('a state of a snapshot service', () => {
  const adopt = async (known?: Snapshot, suites: readonly string[] = [rig.mirror.suite]) =>
    await adoptSnapshot(
      {
        archive: rig.archive,
        origin: 'debian',
        url: rig.mirror.url,
        suites,
        components: ['main'],
        architectures: ['amd64'],
        keyring: rig.mirror.keyring,
        upstream: rig.upstream,
        now: new Date(),
        signal,
        progress: () => undefined,
      },
      serviceShelf(rig.archive, 'http://snapshots.example'),
      '20260102T030405Z',
      known,
    );

  it('is recorded under its own serial, beside our own, and asked for once', async () => {
    // An old state may well be valid no longer.
    await rig.mirror.publish({ packages: [HELLO], validUntil: new Date('2020-01-01T00:00:00Z') });
    const adopted = await adopt();
    expect(adopted.serial).toBe('20260102T030405Z');
    rig.mirror.requests.length = 0;
    expect(await adopt(adopted)).toEqual(adopted);
    expect(rig.mirror.requests).toEqual([]);
    const shelf = serviceShelf(rig.archive, 'http://snapshots.example');
    expect(await findSnapshot({ ...query('20260102T030405Z'), shelf })).toEqual(adopted);
    expect(await findSnapshot(query('20260102T030405Z'))).toBeUndefined();
  });

  it('keeps the suites of one project when another wants others, also when the service has them no more', async () => {
    await rig.mirror.publish({ packages: [HELLO], release: { Suite: 'stable' } });
    const named = (snapshot: Snapshot) => snapshot.suites.map(({ suite }) => suite).sort();
    const inRelease = await rig.upstream.read(`${rig.mirror.url}/dists/trixie/InRelease`, signal);
    rig.mirror.spoiled.set('dists/stable/InRelease', inRelease);
    const one = await adopt();
    const both = await adopt(one, ['stable']);
    expect(named(both)).toEqual(['stable', 'trixie']);
    rig.mirror.requests.length = 0;
    // Neither has to ask again.
    expect(await adopt(both)).toEqual(both);
    expect(await adopt(both, ['stable'])).toEqual(both);
    expect(rig.mirror.requests).toEqual([]);
    // What nobody asks for now may be gone there; here it stays.
    rig.mirror.spoiled.set('dists/trixie/InRelease', 404);
    expect(named(await adopt(undefined, ['stable']))).toEqual(['stable', 'trixie']);
  });
});
