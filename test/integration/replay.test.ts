/**
 * The promise of the same bytes: a base box is made by an ordinary user, tagged, carried to another home in one file,
 * and made there again by the root of a namespace, with no network, and with everything else changed that a host may change. What the
 * build leaves is the same too. The box is of Debian 12, whose tools are older than those that make its disk. Its
 * fixes of security come from a mirror of the test's own, which can have a new one.
 */
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findLeaks } from '../rig/leaks.js';
import { folder, mayfly } from '../rig/mayfly.js';
import { emptyPackage, startMirror, type Mirror, type MirrorState } from '../rig/mirror.js';
import { mayflyIn } from '../rig/namespace.js';
import { programOutput } from '../rig/program.js';
import { makeProject, type TestProject } from '../rig/project.js';

const elsewhere = join(folder, 'another home');

afterEach(async () => {
  expect(await findLeaks(elsewhere)).toEqual([]);
});

interface Record {
  readonly box: { readonly diskSha256: string; readonly fingerprint: string; readonly label: string };
  readonly artifacts: readonly { readonly name: string; readonly sha256: string }[];
  readonly archive: { readonly served: readonly { source: string }[]; readonly outside: readonly string[] };
}

const recordIn = async (directory: string): Promise<Record> =>
  JSON.parse(await readFile(join(directory, 'build.json'), 'utf8')) as Record;

/**
 * mmdebstrap 400 days later: its clock, not the dates of its files. faketime keeps its state in shared memory, which
 * the users of mmdebstrap's namespace must be able to open. What it leaves open is closed: with it, the descriptors of
 * mmdebstrap 1.5 have two digits, which dash cannot write to.
 */
const LATER = [
  '#!/bin/sh',
  'export NO_FAKE_STAT=1',
  "exec faketime -f +400d sh -c '",
  '  set -eu',
  '  semaphore=${FAKETIME_SHARED% *} memory=${FAKETIME_SHARED#* }',
  '  chmod 0666 "/dev/shm/sem.${semaphore#/}" "/dev/shm/${memory#/}"',
  '  exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-',
  '  exec /usr/bin/mmdebstrap "$@"\' sh "$@"',
  '',
].join('\n');

/** The clock of mayfly itself, which its programs do not inherit. */
const LATER_TOO = {
  LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1',
  FAKETIME: '+400d',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  NO_FAKE_STAT: '1',
};

/** A folder with that program. */
async function laterPrograms(): Promise<string> {
  const programs = join(folder, 'later');
  await mkdir(programs, { recursive: true });
  const program = join(programs, 'mmdebstrap');
  await writeFile(program, LATER);
  await chmod(program, 0o755);
  return programs;
}

/** A small package of the box, which debian-security has a fix for. */
const FIXED = 'sensible-utils';
/** One whose fix would remove another one, which has none. */
const HELD = 'mawk';
const REMOVED = 'netbase';
/** What only the build script asks for. */
const WANTED = 'hello';
const fixes = async (version: string): Promise<MirrorState> => ({
  packages: [
    await emptyPackage(FIXED, version),
    await emptyPackage(HELD, version, { Conflicts: REMOVED }),
    await emptyPackage(WANTED, version),
  ],
});
const VERSION = `dpkg-query --show --showformat '\${Version}' ${FIXED} > fixed.img`;

/** From that mirror: the index of Debian's takes a while under emulation, and the base box needs it already. */
const FETCH = [
  VERSION,
  'mkdir -p lists/partial && : > status && grep security "$MAYFLY_APT_SOURCES" > only.list',
  'set -- -q -o Dir::Etc::SourceList="$PWD/only.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State="$PWD" -o Dir::State::Status="$PWD/status" -o Acquire::Languages=none',
  'apt-get "$@" update',
  `apt-get "$@" download ${WANTED}`,
  `mv ${WANTED}_*.deb fetched.img`,
].join('\n');

describe('a pinned project', () => {
  let project: TestProject;
  let security: Mirror;
  const later = join(folder, 'later artifacts');

  beforeAll(async () => {
    security = await startMirror(await mkdtemp(join(folder, 'security-')), 'bookworm-security');
    await security.publish(await fixes('99.1'));
  });

  afterAll(async () => {
    await security[Symbol.asyncDispose]();
  });

  it('is built, and tagged with all that it used', async () => {
    const origin = { url: security.url, keyring: 'security.gpg' };
    project = await makeProject({
      name: 'replayed',
      build: FETCH,
      settings: {
        basebox: { distribution: 'bookworm', disk: '4G' },
        archive: { pinned: true, branches: { main: 'frozen' }, origins: { 'debian-security': origin } },
      },
    });
    await copyFile(security.keyring, join(project.path, 'builder/security.gpg'));
    await project.commit('README', 'signed by another key\n');
    const refused = await mayfly(['build'], { cwd: project.path });
    expect(refused.exitCode).toBe(5);
    expect(refused.all).toContain('On main the serials must be frozen');
    expect(await mayfly(['snapshots', 'freeze'], { cwd: project.path })).toMatchObject({
      exitCode: 0,
    });
    await project.commit('README', 'frozen\n');
    const built = await mayfly(['build'], { cwd: project.path });
    expect(built.all).toContain('Build succeeded');
    expect(built.all).toContain(`as each would remove another package of the VM: ${HELD}.`);
    const record = await recordIn(join(project.path, 'artifacts'));
    expect(record.archive.outside).toEqual([]);
    expect(await readFile(join(project.path, 'artifacts/fixed.img'), 'utf8')).toBe('99.1');
    await security.publish(await fixes('99.2'));
    const tagged = await mayfly(['snapshots', 'tag', '1.0'], { cwd: project.path });
    expect(tagged.all).toContain('Tagged 1.0');
    const bundle = join(folder, 'replayed.bundle');
    expect(await mayfly(['snapshots', 'export', '1.0', bundle], { cwd: project.path })).toMatchObject({
      exitCode: 0,
    });
  });

  it('is built elsewhere from one file: by root, with no network, at another time: the same bytes', async () => {
    const bundle = join(folder, 'replayed.bundle');
    await project.git('tag', '1.0');
    const clone = join(folder, 'a clone elsewhere');
    await project.git('clone', '--quiet', '--branch', 'main', project.path, clone);
    const imports = ['snapshots', 'import', bundle];
    expect((await mayfly(imports, { home: elsewhere })).all).toContain(
      'Call it in a checkout of the project',
    );
    const imported = await mayfly(imports, { home: elsewhere, cwd: clone });
    expect(imported.all).toContain('Imported 1.0 of replayed');
    const built = await mayflyIn(
      {
        cwd: clone,
        home: elsewhere,
        alone: true,
        hostname: 'another-host',
        umask: '077',
        cpus: '0',
        timeoutMs: 8 * 60_000,
        env: {
          TZ: 'Pacific/Kiritimati',
          LANG: 'tr_TR.UTF-8',
          LC_ALL: 'tr_TR.UTF-8',
          PATH: `${await laterPrograms()}:${process.env['PATH'] ?? ''}`,
          ...LATER_TOO,
        },
      },
      ['build', '--offline', '--artifacts', later],
    );
    expect(built.all).toContain('Build succeeded');
    const [first, second] = [await recordIn(join(project.path, 'artifacts')), await recordIn(later)];
    expect(second.box.diskSha256).toBe(first.box.diskSha256);
    expect(second.box.fingerprint).toBe(first.box.fingerprint);
    expect(second.artifacts).toEqual(first.artifacts);
    expect(second.archive.served.map(({ source }) => source)).not.toContain('fetched');
  });

  it('shares its base box by a catalogue, which Vagrant reads and another home imports', async () => {
    const catalogues = join(folder, 'boxes');
    const published = await mayfly(['box', 'publish', catalogues], { cwd: project.path });
    expect(published).toMatchObject({ exitCode: 0 });
    const catalogue = join(catalogues, 'replayed-builder-amd64-bookworm.json');
    const vagrant = { VAGRANT_HOME: join(folder, 'vagrant'), HOME: folder, PATH: process.env['PATH'] };
    const add = ['box', 'add', '--provider', 'libvirt', catalogue];
    expect(await programOutput('vagrant', add, vagrant)).toContain(
      "Successfully added box 'replayed-builder-amd64-bookworm'",
    );
    await rm(vagrant.VAGRANT_HOME, { recursive: true });
    const { box } = await recordIn(join(project.path, 'artifacts'));
    const args = ['box', 'import', catalogue, '--disk-sha256', box.diskSha256, '--json'];
    const imported = await mayfly(args, { home: join(folder, 'third home') });
    expect(JSON.parse(imported.stdout)).toMatchObject({ fingerprint: box.fingerprint });
  });

  it('has a fix that came later, and no new base box; fails when its script asks for what no serial pins', async () => {
    const ask = String.raw`exec 3<>/dev/tcp/127.0.0.1/3143 && printf "GET /debian/2020010101/dists/sid/InRelease HTTP/1.0\r\n\r\n" >&3 && cat <&3 > /dev/null`;
    await project.commit(
      'builder/provision/build',
      `#!/bin/bash\nset -eu\n${VERSION}\n${ask}\necho made > made.img\n`,
    );
    const built = await mayfly(['build'], { cwd: project.path });
    expect(built.all).toContain('asked for packages outside its serials');
    expect(built.all).toContain('debian/2020010101');
    expect(built.exitCode).toBe(5);
    expect(await readFile(join(project.path, 'artifacts/fixed.img'), 'utf8')).toBe('99.2');
    const [first, second] = [await recordIn(later), await recordIn(join(project.path, 'artifacts'))];
    expect(second.box.fingerprint).toBe(first.box.fingerprint);
  });
});
