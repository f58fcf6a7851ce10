/** A build is tagged from its record, carried to a host that counts otherwise, and planned there as it was here. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PlannedArchive } from '../../../src/build/archive/origins.js';
import { planArchive } from '../../../src/build/archive/plan.js';
import type { Context } from '../../../src/build/context.js';
import type { BuildRecord } from '../../../src/build/record/record.js';
import { loadConfig } from '../../../src/config/load.js';
import type { MayflyError } from '../../../src/errors.js';
import { archiveFolder } from '../../../src/paths.js';
import { archiveParts } from '../../../src/snapshots/local/layout.js';
import { listSerials, releasesOf } from '../../../src/snapshots/local/snapshot.js';
import { writeState } from '../../../src/snapshots/serial-files.js';
import { exportSnapshots, importSnapshots, listTags, untag } from '../../../src/tasks/keep-snapshots.js';
import { tagBuild, usedFiles } from '../../../src/tasks/tag-build.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { poolPath } from '../../rig/mirror.js';
import { RECORD } from '../build/record/record-value.js';
import { PLAN } from '../build/plan/plan-value.js';
import { contextIn } from '../build/plan/project.js';
import { archiveRig, HELLO, NEWER, sha } from '../snapshots/local/rig.js';
import { failure, temporaryFolder } from '../source/repository.js';

const rig = archiveRig();
let folder: string;
let here: Context;
let elsewhere: Context;

beforeEach(async () => {
  folder = await temporaryFolder();
  [here, elsewhere] = [contextIn(folder, join(folder, 'here')), contextIn(folder, join(folder, 'elsewhere'))];
  await mkdir(join(folder, 'config'));
  // This host's APT may have a proxy, which cannot reach the mirror of the test.
  await fakeProgram('apt-config', ':');
});

/** Of the second origin, the image is told the serial, and nothing is taken. */
const planned = async (context: Context, tag?: string): Promise<PlannedArchive> => {
  const text = `
archive:
  origins:
    debian: {url: '${rig.mirror.url}', suites: [trixie], keyring: '${rig.mirror.keyring}'}
    debian-security: false
`;
  const config = loadConfig(text, { file: 'builder.yaml', defaults: { name: 'example' } });
  const told = { suites: [], components: [], url: undefined, keyring: undefined };
  return await planArchive({
    context,
    config: {
      ...config,
      archive: { ...config.archive, origins: { ...config.archive.origins, torproject: told } },
    },
    builderFolder: folder,
    imageFolder: folder,
    strict: true,
    offline: false,
    release: undefined,
    tag,
  });
};

const freezeTo = async (
  origin: string,
  serial: string,
  releases: Readonly<Record<string, string>> = {},
): Promise<void> => {
  for (const directory of ['basebox/APT_snapshots.d', 'config/APT_snapshots.d'])
    await writeState(join(folder, directory), origin, { serial, releases });
};

/** What a build of this plan leaves, that had one package. */
async function recordOf(archive: PlannedArchive): Promise<string> {
  const serial = archive.origins[0]?.image.serial ?? '';
  const used = { origin: 'debian', serial, path: poolPath(HELLO), sha256: sha(HELLO), bytes: 13 };
  const record: BuildRecord = {
    ...RECORD,
    commit: PLAN.source.commit,
    box: { fingerprint: 'f', label: 'l', diskSha256: 'd', files: [used], packages: [] },
    archive: { serials: {}, served: [{ ...used, source: 'fetched' }], outside: [] },
    plan: { ...PLAN, archive },
  };
  const file = join(folder, 'build.json');
  await writeFile(file, JSON.stringify(record));
  return file;
}

describe('a tag of a build', () => {
  it.each([
    ['at latest', 'latest', {}],
    ['frozen on a third host, under a serial of that', '2020010107', undefined],
  ])('of a project %s gives the same plan on another host', async (_, serial, known) => {
    const { snapshot } = await rig.take();
    await freezeTo('debian', serial, known ?? releasesOf(snapshot));
    await freezeTo('torproject', '2020010109');
    const first = await planned(here);
    await tagBuild(here, 'built', await recordOf(first));
    const bundle = join(folder, 'bundle');
    await exportSnapshots(here, 'built', bundle);
    await untag(here, 'built');
    expect(await listTags(here)).toEqual([]);

    // The world goes on, and the other host knows only what came after, maybe by the same serial.
    await rig.mirror.publish({ packages: [NEWER] }, true);
    await rig.take({ archive: archiveFolder(elsewhere.home), now: new Date() });
    const imported = await importSnapshots(elsewhere, bundle, { keyring: rig.mirror.keyring, as: 'job-1' });
    expect(imported).toMatchObject({ isNew: true, tag: { tag: 'job-1' } });
    await importSnapshots(elsewhere, bundle, { keyring: rig.mirror.keyring, as: 'job-2' });
    expect((await listTags(elsewhere)).map(({ tag }) => tag)).toEqual(['job-1', 'job-2']);
    // Each job has its own.
    await untag(elsewhere, 'job-2');
    const second = await planned(elsewhere, 'job-1');
    expect(second).toEqual(first);
    const { snapshots } = archiveParts(archiveFolder(elsewhere.home));
    expect(await listSerials(snapshots, 'debian')).toHaveLength(1);
  });

  it('cannot be brought in under a name that cannot be', async () => {
    await freezeTo('debian', 'latest');
    await freezeTo('torproject', '2020010109');
    await tagBuild(here, 'built', await recordOf(await planned(here)));
    const bundle = join(folder, 'bundle');
    await exportSnapshots(here, 'built', bundle);
    const bring = importSnapshots(elsewhere, bundle, { keyring: rig.mirror.keyring, as: '../x' });
    expect(await failure(bring)).toMatchObject({ kind: 'usage', code: 'tag.name' });
  });
});

describe('a record that is of no use', () => {
  const told = (record: BuildRecord): string | undefined => {
    try {
      usedFiles(record);
    } catch (error) {
      return (error as MayflyError).hint;
    }
    return undefined;
  };

  it('of a failed build: only one that succeeds helps', () => {
    expect(told({ ...RECORD, outcome: 'failure' })).toBe('Build until it succeeds, and tag that.');
  });

  it('that is too old for what its base box was made from: that box alone goes', () => {
    const box = { fingerprint: '0123456789abcdef', label: 'l', diskSha256: 'd', packages: [] };
    const hint = told({ ...RECORD, outcome: 'success', box, archive: undefined });
    expect(hint).toContain('mayfly box remove 0123456789ab, mayfly build.');
  });
});
