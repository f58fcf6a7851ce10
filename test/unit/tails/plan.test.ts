/** What a Tails-style checkout becomes, as a whole; and what is wrong with one. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BuildPlan } from '../../../src/build/plan/plan.js';
import type { TailsProject } from '../../rig/tails-project.js';
import { check, id, planned, project, type Rows, useTailsProject } from './row.js';

useTailsProject();

describe('what is planned', () => {
  it('is the same where the checkout has a folder builder/ of its own, which is no project of mayfly', async () => {
    const before = async (checkout: TailsProject): Promise<void> => {
      await mkdir(join(checkout.path, 'builder'));
      await writeFile(join(checkout.path, 'builder/README'), 'of something else\n');
    };
    const made = (await planned({ words: 'ignorechanges', before })) as BuildPlan;
    expect(made.project).toMatchObject({ profile: 'tails', builderFolder: 'vagrant' });
  });

  it('in full: the layout, the box, the VM, the scripts and where results are', async () => {
    const made = (await planned({})) as BuildPlan;
    const short = await project.git('log', '-1', '--pretty=%h', '--', 'vagrant/');
    expect(made.project).toMatchObject({ name: 'tails', profile: 'tails', builderFolder: 'vagrant' });
    // The day where its author was: in UTC it is the next one.
    expect(made.box.label).toBe(`tails-builder-amd64-trixie-20260102-${short}`);
    expect(made.box.spec).toMatchObject({
      packages: [
        'fdisk',
        'netbase',
        'procps',
        'tzdata',
        'cpio',
        'grub-common',
        'grub-pc-bin',
        'xorriso',
        'zstd',
        'jq',
      ],
      user: 'vagrant',
      diskBytes: 20 * 2 ** 30,
    });
    expect(made.archive).toMatchObject({
      kind: 'serials',
      url: 'http://time-based.snapshots.example',
      taggedUrl: undefined,
    });
    expect(
      made.archive.origins.map(({ origin, suites, box, image }) => [
        origin,
        suites,
        box.wanted,
        image.wanted,
      ]),
    ).toEqual([
      ['debian', ['trixie', 'trixie-updates'], '2026010203', '2026010203'],
      ['debian-security', ['trixie-security'], 'latest', 'latest'],
      ['torproject', [], '2026010204', '2026010204'],
    ]);
    expect(made.box.spec.sources.map(({ origin, serial }) => [origin, serial])).toEqual([
      ['debian', '2026010203'],
    ]);
    expect(made.apt.sources[0]).toMatch(
      / http:\/\/time-based\.snapshots\.example\/debian\/2026010203 trixie main$/,
    );
    expect(made.guest).toEqual({
      user: 'vagrant',
      source: '/amnesia.git',
      builder: '/vagrant',
      setup: 'scripts',
    });
    expect(made.scripts).toMatchObject({
      provision: 'provision/setup-tails-builder',
      build: '/usr/local/bin/build-tails',
    });
    expect(made.vm).toMatchObject({ memoryBytes: 1536 * 2 ** 20, network: 'open' });
    expect(made.artifacts).toEqual({
      patterns: ['tails-amd64-*', 'tails-build-env.list'],
      from: '/home/vagrant',
      directory: made.project.checkout,
    });
    expect(made.environment).toEqual({
      TAILS_PROXY: 'http://127.0.0.1:3142',
      TAILS_PROXY_TYPE: 'vmproxy',
      TAILS_WEBSITE_CACHE: '0',
      MKSQUASHFS_OPTIONS: '-comp xz -no-exports',
      GIT_REF: 'stable',
      GIT_COMMIT: id['stable'],
      BASE_BRANCH_GIT_COMMIT: id['stable'],
      APT_SNAPSHOTS_SERIALS: '{"debian":"2026010203","debian-security":"latest","torproject":"2026010204"}',
    });
  });
});

describe('what is wrong with the project itself', () => {
  const settings = 'vagrant/lib/tails_build_settings.rb';
  const ROWS: Rows = [
    [
      'a release of Debian that is not known',
      {
        before: (checkout) => checkout.commit(settings, "DISTRIBUTION = 'woody'\n"),
        fails: [2, 'profile.invalid'],
        says: 'basebox.distribution: expected one of bookworm, trixie, found "woody"',
      },
    ],
    [
      'settings without a release',
      {
        before: (checkout) => checkout.commit(settings, '\n'),
        fails: [2, 'profile.invalid'],
        says: 'found nothing',
      },
    ],
    [
      'a serial that is none',
      {
        before: (checkout) => checkout.commit('config/APT_snapshots.d/debian/serial', 'newest\n'),
        fails: [2, 'serial.invalid'],
      },
    ],
    [
      'a builder.yaml comes first',
      {
        before: (checkout) => checkout.commit('builder/builder.yaml', 'nmae: x\n'),
        fails: [2, 'config.invalid'],
      },
    ],
  ];
  it.each(ROWS)('%s', async (_name, row) => {
    await check(row);
  });
});

it('the same commit by two people is one merge commit and one box', async () => {
  const [one, two] = await Promise.all([planned({ at: 'feature/topic' }), planned({ at: 'feature/topic' })]);
  expect((one as BuildPlan).source.commit).toBe((two as BuildPlan).source.commit);
  expect((one as BuildPlan).box.fingerprint).toBe((two as BuildPlan).box.fingerprint);
});
