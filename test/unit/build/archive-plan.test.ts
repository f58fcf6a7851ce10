/** Which states a build uses: of the local archive, of a service, of a tag; here and on another host. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { beforeEach, describe, expect, it } from 'vitest';
import { planArchive, type ArchiveRequest } from '../../../src/build/archive/plan.js';
import type { PlannedArchive } from '../../../src/build/archive/origins.js';
import { openArchive } from '../../../src/build/archive/serve.js';
import { snapshotOf } from '../../../src/build/archive/stored.js';
import { useArchive } from '../../../src/build/archive/take-origin.js';
import { loadConfig } from '../../../src/config/load.js';
import { archiveFolder, lockFile } from '../../../src/paths.js';
import { tryLock } from '../../../src/process/lock.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import { exportTag } from '../../../src/snapshots/local/bundle.js';
import { importBundle } from '../../../src/snapshots/local/import-bundle.js';
import { archiveParts } from '../../../src/snapshots/local/layout.js';
import { knownSnapshots } from '../../../src/snapshots/local/expire.js';
import { storedSnapshots } from '../../../src/snapshots/local/needed.js';
import { startArchiveServer } from '../../../src/snapshots/local/server.js';
import {
  addSnapshot,
  listSerials,
  releasesOf,
  type Snapshot,
} from '../../../src/snapshots/local/snapshot.js';
import { addTag } from '../../../src/snapshots/local/tag.js';
import { writeState } from '../../../src/snapshots/serial-files.js';
import { poolPath, startMirror } from '../../rig/mirror.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { archiveRig, HELLO, NEWER, signal, tagOf } from '../snapshots/local/rig.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { contextIn } from './plan/project.js';

const rig = archiveRig();
let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  // This host's APT may have a proxy, which cannot reach the mirror of the test.
  await fakeProgram('apt-config', ':');
});

/** A project with one origin, whose suite is the mirror's. */
const yaml = (archive = ''): string => `
archive:
  ${archive}
  origins:
    debian: {url: '${rig.mirror.url}', suites: [trixie], keyring: '${rig.mirror.keyring}'}
    debian-security: false
`;

const own = (): string => archiveFolder(contextIn(folder, join(folder, 'home')).home);

async function planned(text = yaml(), change: Partial<ArchiveRequest> = {}): Promise<PlannedArchive> {
  return await planArchive({
    context: contextIn(folder, join(folder, 'home')),
    config: loadConfig(text, { file: 'builder.yaml', defaults: { name: 'example' } }),
    builderFolder: folder,
    imageFolder: folder,
    strict: true,
    offline: false,
    release: undefined,
    ...change,
  });
}

/** What Git says, in both places. */
async function freezeTo(serial: string, releases: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const directory of ['basebox/APT_snapshots.d', 'config/APT_snapshots.d'])
    await writeState(join(folder, directory), 'debian', { serial, releases });
}

/** Another host takes the mirror's state, under its own serial. */
const taken = async (): Promise<Snapshot> => (await rig.take()).snapshot;

describe('an archive of the same name, of another project', () => {
  it('is not taken for its newest state, online or offline', async () => {
    await freezeTo('latest');
    await using other = await startMirror(join(folder, 'other'), 'trixie', 'other');
    await other.publish({ packages: [NEWER] });
    const theirs = yaml().replace(rig.mirror.url, other.url).replace(rig.mirror.keyring, other.keyring);
    const serialOf = async (text: string, offline: boolean): Promise<string | undefined> =>
      (await planned(text, { offline })).origins[0]?.box.serial;
    const first = await serialOf(theirs, false);
    expect(await failure(planned(yaml(), { offline: true }))).toMatchObject({ code: 'serial.unresolved' });
    expect((await planned(yaml(), { strict: false })).origins[0]?.box.serial).toBe('latest');
    const second = await serialOf(yaml(), false);
    expect(second).not.toBe(first);
    expect([await serialOf(theirs, true), await serialOf(yaml(), true)]).toEqual([first, second]);
  });
});

describe('a project that was frozen on another host', () => {
  it('is built here from the mirror, while that is in the same state', async () => {
    const there = await taken();
    await freezeTo('2020010107', releasesOf(there));
    const { origins } = await planned();
    expect(origins[0]?.image).toMatchObject({ serial: '2020010107', releases: releasesOf(there) });
    const state = origins[0]?.image;
    if (state === undefined) throw new Error('nothing was planned');
    const context = contextIn(folder, join(folder, 'home'));
    const snapshot = await snapshotOf(context, await planned(), 'debian', state);
    expect(releasesOf(snapshot)).toEqual(releasesOf(there));
    // Offline too, from now on.
    expect((await planned(yaml(), { offline: true })).origins).toEqual(origins);
  });

  it('is built from a bundle, which is never what latest means', async () => {
    const there = await taken();
    await rig.serving(async ({ get }) => {
      await get(`/debian/${there.serial}/${poolPath(HELLO)}`);
    });
    const bundle = join(folder, '1.0.bundle');
    const tag = tagOf(there, [HELLO]);
    await addTag(rig.archive, tag);
    await exportTag(rig.archive, tag, bundle, signal);
    await importBundle({ archive: own(), bundle, keyringOf: () => rig.mirror.keyring, signal });
    const offline = { offline: true };
    await freezeTo(there.serial, releasesOf(there));
    const { origins } = await planned(yaml(), offline);
    expect(origins[0]?.image).toMatchObject({ serial: there.serial, releases: releasesOf(there) });
    await freezeTo('latest');
    expect(await failure(planned(yaml(), offline))).toMatchObject({ code: 'serial.unresolved' });
  });

  it('is refused when neither this host nor the mirror has that state', async () => {
    await freezeTo('2020010107', releasesOf(await taken()));
    await rig.mirror.publish({ packages: [NEWER] });
    expect(await failure(planned())).toMatchObject({ code: 'snapshot.unknown' });
    expect(await failure(planned(yaml(), { offline: true }))).toMatchObject({ code: 'snapshot.unknown' });
    // A plan that nothing follows says what Git says.
    const state = { wanted: '2020010107', serial: '2020010107' };
    const loose = (await planned(yaml(), { strict: false })).origins[0]?.box;
    expect(loose).toMatchObject(state);
    expect(loose).not.toHaveProperty('missing');
    // `mayfly plan` says that it is not here, and asks nobody.
    const before = rig.mirror.requests.length;
    const told = await planned(yaml(), { strict: false, check: true });
    expect(told.origins[0]).toMatchObject({ box: { missing: 'unknown' }, image: { missing: 'unknown' } });
    expect(rig.mirror.requests).toHaveLength(before);
  });

  it('is refused when the serial means something else here, in words of its own', async () => {
    const there = await taken();
    await rig.mirror.publish({ packages: [NEWER] });
    await freezeTo('latest');
    const here = (await planned()).origins[0]?.box.serial ?? '';
    await freezeTo(here, releasesOf(there));
    expect(await failure(planned())).toMatchObject({ code: 'snapshot.other' });
    const told = await planned(yaml(), { strict: false, check: true });
    expect(told.origins[0]?.image).toMatchObject({ serial: here, missing: 'other' });
    await freezeTo(here);
    const found = await planned(yaml(), { strict: false, check: true });
    expect(found.origins[0]?.image).not.toHaveProperty('missing');
  });

  it('is checked against Git when the variable gives the same serial, which has no checksums', async () => {
    const there = await taken();
    await rig.mirror.publish({ packages: [NEWER] });
    await freezeTo('latest');
    const here = (await planned()).origins[0]?.box.serial ?? '';
    await freezeTo(here, releasesOf(there));
    const context = contextIn(folder, join(folder, 'home'));
    const env = { ...context.env, APT_SNAPSHOTS_SERIALS: JSON.stringify({ debian: here }) };
    // The box has nothing to do with the variable.
    await writeState(join(folder, 'basebox/APT_snapshots.d'), 'debian', { serial: here, releases: {} });
    const refused = planned(yaml(), { context: { ...context, env } });
    expect(await failure(refused)).toMatchObject({ code: 'snapshot.other' });
  });

  it('and asks for more than its snapshot holds is told what', async () => {
    await freezeTo('latest');
    const serial = (await planned()).origins[0]?.box.serial ?? '';
    await freezeTo(serial);
    const more = yaml().replace('suites: [trixie]', 'suites: [trixie], components: [main, contrib]');
    const error = await failure(planned(more));
    expect(error).toMatchObject({ code: 'snapshot.incomplete' });
    expect(error.details.join('\n')).toContain('contrib');
    expect(error.details.join('\n')).toContain('trixie: the disk tools that make base boxes');
    // `mayfly plan` says so before the build; what is no plan for one does not mind.
    const before = { strict: false, check: true };
    expect(await failure(planned(more, before))).toMatchObject({ code: 'snapshot.incomplete' });
    expect((await planned(more, { strict: false })).origins[0]?.box).toMatchObject({ serial });
  });

  it('and whose checksums lack a suite is refused', async () => {
    const there = await taken();
    await freezeTo('2020010107', { 'trixie-updates': 'ab'.repeat(32) });
    expect(await failure(planned())).toMatchObject({ kind: 'usage', code: 'serial.unlisted' });
    await freezeTo('2020010107', { ...releasesOf(there), 'trixie-updates': 'ab'.repeat(32) });
    expect(await failure(planned())).toMatchObject({ code: 'snapshot.unknown' });
  });
});

it('a snapshot of a day that has not come is used, with a warning: the clock was ahead once', async () => {
  await freezeTo('latest');
  await planned();
  const [stored] = await storedSnapshots(own());
  if (stored === undefined) throw new Error('nothing was taken');
  await addSnapshot(archiveParts(own()).snapshots, { ...stored, serial: '2999010101' });
  const said: MayflyEvent[] = [];
  const context = {
    ...contextIn(folder, join(folder, 'home')),
    report: (event: MayflyEvent) => void said.push(event),
  };
  expect((await planned(yaml(), { context })).origins[0]?.box.serial).toBe('2999010101');
  const warnings = said.filter((event) => event.type === 'notice').map(({ text }) => text);
  expect(warnings.join('\n')).toContain('The snapshot 2999010101 of debian is of a day that has not come');
});

it("while a build has the archive open, it is nobody else's", async () => {
  await taken();
  const context = contextIn(folder, join(folder, 'home'));
  const alone = () => tryLock(lockFile(context.home, 'archive'), { purpose: 'x' });
  const archive = await openArchive(context, await planned(), true, () => undefined);
  expect(await alone()).toBeUndefined();
  // Other builds, and imports, may use it too.
  await (await useArchive(context)).release();
  await archive[Symbol.asyncDispose]();
  const held = await alone();
  expect(held).toBeDefined();
  await held?.release();
});

it('a package comes from the mirror that the project names now, when the one of the snapshot is gone', async () => {
  const there = await taken();
  await addSnapshot(archiveParts(own()).snapshots, { ...there, upstream: 'http://127.0.0.1:9/gone' });
  await cp(archiveParts(rig.archive).files, archiveParts(own()).files, { recursive: true });
  await freezeTo(there.serial, releasesOf(there));
  const context = contextIn(folder, join(folder, 'home'));
  await using archive = await openArchive(context, await planned(), false, () => undefined);
  const url = `http://127.0.0.1:${archive.port}/debian/${there.serial}/${poolPath(HELLO)}`;
  expect((await request(url)).statusCode).toBe(200);
});

describe('states of a service', () => {
  it('have a last day where Git names them by serial alone, and none where it names their InRelease files', async () => {
    await rig.mirror.publish({ packages: [HELLO], validUntil: new Date('2091-01-01T00:00:00Z') });
    const there = await taken();
    const server = await startArchiveServer({ archive: rig.archive, upstream: rig.upstream, signal });
    const service = yaml(`kind: serials\n  url: ${server.url}`);
    await freezeTo(there.serial);
    const bySerial = await planned(service);
    await freezeTo(there.serial, releasesOf(there));
    const byFiles = await planned(service).finally(() => server[Symbol.asyncDispose]());
    const dates = [bySerial, byFiles].map(({ origins }) => origins[0]?.image.validUntil);
    expect(dates).toEqual(['2091-01-01T00:00:00.000Z', undefined]);
  });

  it('are recorded, so that they work without it; one that vanished is named', async () => {
    const there = await taken();
    await freezeTo(there.serial);
    const server = await startArchiveServer({ archive: rig.archive, upstream: rig.upstream, signal });
    const service = yaml(`kind: serials\n  url: ${server.url}`);
    const online = await planned(service).finally(() => server[Symbol.asyncDispose]());
    expect(online.origins[0]?.image.releases).toEqual(releasesOf(there));
    expect(await planned(service, { offline: true })).toEqual(online);

    const empty = await startArchiveServer({ archive: own(), upstream: undefined, signal });
    const gone = yaml(`kind: serials\n  url: ${empty.url}`);
    const error = await failure(planned(gone)).finally(() => empty[Symbol.asyncDispose]());
    expect(error).toMatchObject({ code: 'snapshot.vanished', kind: 'host' });
    expect(error.message).toContain(there.serial);
  });

  it('that are tagged serve a release, whatever its serials say', async () => {
    const there = await taken();
    await addTag(rig.archive, tagOf(there, [HELLO]));
    await freezeTo(there.serial);
    await writeState(join(folder, 'config/APT_snapshots.d'), 'debian', { serial: 'latest', releases: {} });
    const server = await startArchiveServer({ archive: rig.archive, upstream: rig.upstream, signal });
    const service = yaml(`kind: serials\n  url: ${server.url}\n  tagged_url: ${server.url}`);
    const release = { tag: '1.0', commit: 'c'.repeat(40) };
    const built = await planned(service, { release }).finally(() => server[Symbol.asyncDispose]());
    expect(built.origins[0]?.image).toMatchObject({
      serial: '1.0',
      tagged: true,
      releases: releasesOf(there),
    });
    expect(built.origins[0]?.box).toMatchObject({ serial: there.serial });
    // Without the service too, and served to the build.
    expect(await planned(service, { release, offline: true })).toEqual(built);
    // A variable decides for what it names alone, and says so.
    const none = contextIn(folder, join(folder, 'home'), { APT_SNAPSHOTS_SERIALS: '{}' });
    expect(await planned(service, { release, offline: true, context: none })).toEqual(built);
    const named = contextIn(folder, join(folder, 'home'), {
      APT_SNAPSHOTS_SERIALS: JSON.stringify({ debian: there.serial }),
    });
    const warnings: string[] = [];
    const warn = (text: string): unknown => warnings.push(text);
    const other = await planned(service, { release, offline: true, context: named, warn });
    expect(other.origins[0]?.image).toMatchObject({ serial: there.serial });
    expect(warnings).toEqual([
      `APT_SNAPSHOTS_SERIALS decides: debian ${there.serial} in place of the tagged snapshot 1.0 of this release.`,
    ]);
    const context = contextIn(folder, join(folder, 'home'));
    await using archive = await openArchive(context, built, true, () => undefined);
    const address = `http://127.0.0.1:${archive.port}/1.0/debian/dists/trixie/InRelease`;
    expect((await request(address)).statusCode).toBe(200);
    // Expiry and verification know it.
    expect((await storedSnapshots(own())).map(({ serial }) => serial).sort()).toEqual(['1.0', there.serial]);
    expect((await knownSnapshots(own())).map(({ serial }) => serial).sort()).toEqual(['1.0', there.serial]);
  });
});

describe('a release that the local archive keeps', () => {
  it('is built from what it was built from, also where its serials are at latest', async () => {
    const there = await taken();
    await addTag(rig.archive, tagOf(there, [HELLO]));
    await cp(rig.archive, own(), { recursive: true });
    await rig.mirror.publish({ packages: [NEWER] });
    await freezeTo('latest');
    const release = { tag: '1.0', commit: 'c'.repeat(40) };
    const again = await planned(yaml(), { release });
    for (const of of ['box', 'image'] as const)
      expect(again.origins[0]?.[of]).toMatchObject({ serial: there.serial, releases: releasesOf(there) });
    // Another release of the same name has nothing to do with it.
    const warnings: string[] = [];
    const warn = (text: string): unknown => warnings.push(text);
    const moved = await planned(yaml(), { release: { ...release, commit: 'd'.repeat(40) }, warn });
    expect(moved.origins[0]?.image.releases).not.toEqual(releasesOf(there));
    expect(warnings).toEqual([
      'The tag 1.0 of the local archive is not used: it was made of example, commit cccccccccccc, and this is dddddddddddd.',
    ]);
  });
});

describe('a tag that is asked for by its name', () => {
  const tag = '1.0';
  const withVariable = (serial: string): Partial<ArchiveRequest> => {
    const context = contextIn(folder, join(folder, 'home'));
    const env = { ...context.env, APT_SNAPSHOTS_SERIALS: JSON.stringify({ debian: serial }) };
    return { context: { ...context, env } };
  };

  it('decides for box and image, and takes no snapshot: also where its serial means something else here', async () => {
    const there = await taken();
    const kept = tagOf(there, [HELLO]);
    await rig.mirror.publish({ packages: [NEWER] });
    await freezeTo('latest');
    // This host calls by that serial what it took later.
    const now = { now: new Date(there.takenAt) };
    const here = (await rig.take({ ...now, archive: own() })).snapshot;
    expect(here.serial).toBe(there.serial);
    await addTag(own(), kept);
    // The variable cannot tell them apart.
    const byVariable = await planned(yaml(), withVariable(there.serial));
    expect(byVariable.origins[0]?.image.releases).toEqual(releasesOf(here));
    const { origins } = await planned(yaml(), { tag });
    for (const of of ['box', 'image'] as const)
      expect(origins[0]?.[of]).toMatchObject({
        wanted: 'latest',
        serial: there.serial,
        releases: releasesOf(there),
      });
    const context = contextIn(folder, join(folder, 'home'));
    const state = { serial: there.serial, releases: releasesOf(there) };
    expect(releasesOf(await snapshotOf(context, await planned(yaml(), { tag }), 'debian', state))).toEqual(
      releasesOf(there),
    );
    const shelf = archiveParts(own()).snapshots;
    expect(await listSerials(shelf, 'debian')).toEqual(
      (await planned()).origins.map(({ box }) => box.serial),
    );
  });

  it('is refused where it cannot decide', async () => {
    const there = await taken();
    await addTag(own(), tagOf(there, [HELLO]));
    expect(await failure(planned(yaml(), { tag: '2.0' }))).toMatchObject({ code: 'tag.unknown' });
    const two = planned(yaml(), { tag, ...withVariable(there.serial) });
    expect(await failure(two)).toMatchObject({ kind: 'usage', code: 'tag.two-answers' });
    const service = planned(yaml('kind: serials\n  url: http://snapshots.example'), { tag });
    expect(await failure(service)).toMatchObject({ kind: 'usage', code: 'tag.not-local' });
    const more = yaml().replace('debian-security: false', "debian-security: {url: 'http://x.example'}");
    const error = await failure(planned(more, { tag }));
    expect(error).toMatchObject({ kind: 'usage', code: 'tag.lacks-origin' });
    expect(error.message).toContain('debian-security');
  });
});
