/** With --offline, what the local archive lacks: told once, and nobody blames the network. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Unfetched, unfetchedError, unfetchedWarning } from '../../../src/build/archive/unfetched.js';
import { createProjectBox } from '../../../src/build/box/commands.js';
import type { Context } from '../../../src/build/context.js';
import { archiveFolder } from '../../../src/paths.js';
import { poolPath, type MirrorPackage } from '../../rig/mirror.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { archiveRig } from '../snapshots/local/rig.js';
import { failure, temporaryFolder, write } from '../source/repository.js';
import { testProject } from './plan/project.js';

const rig = archiveRig();
const PACKAGES = [1, 2, 3, 4, 5, 6].map((n): MirrorPackage => ({
  name: `part${n}`,
  version: '1.0',
  content: `part ${n}\n`,
}));

// This host's APT may have a proxy, which cannot reach the mirror of the test.
beforeEach(() => fakeProgram('apt-config', ':'));

/** A project whose snapshot is stored, and none of its packages. */
async function project() {
  await rig.mirror.publish({ packages: PACKAGES });
  const yaml = `name: example
archive:
  origins:
    debian: {url: '${rig.mirror.url}', suites: [trixie], keyring: '${rig.mirror.keyring}'}
    debian-security: false
`;
  const latest = { 'builder/basebox/APT_snapshots.d/debian/serial': 'latest\n' };
  const env = { MAYFLY_TMPDIR: await temporaryFolder() };
  const { context } = await testProject(
    { ...latest, 'builder/builder.yaml': yaml, 'config/APT_snapshots.d/debian/serial': 'latest\n' },
    env,
  );
  await rig.take({ archive: archiveFolder(context.home) });
  const warnings: string[] = [];
  const report: Context['report'] = (event) => {
    if (event.type === 'notice' && event.level === 'warning') warnings.push(event.text);
  };
  return { context: { ...context, report }, warnings };
}

/** An APT that asks for each package, for the first twice, and then says this. */
const askingApt = (lastWords: string) =>
  fakeProgram(
    'mmdebstrap',
    `url=$(echo "$*" | grep -o 'http://127[^ ]*/debian/[0-9]*' | head -n 1)
'${process.execPath}' -e 'const [, url, ...paths] = process.argv; (async () => { for (const path of paths) await fetch(url + "/" + path); })()' "$url" ${[...PACKAGES, ...PACKAGES.slice(0, 1)].map(poolPath).join(' ')}
echo '${lastWords}' >&2
exit 25`,
  );

describe('a base box that is made offline', () => {
  it('of packages that are not stored fails with one short error', async () => {
    const { context, warnings } = await project();
    await askingApt('E: Failed to fetch http://127.0.0.1/x  503  Service Unavailable');
    const error = await failure(createProjectBox(context, { offline: true }));
    expect(error).toMatchObject({ kind: 'host', code: 'archive.offline' });
    expect(error.message).toBe(
      'The base box could not be made: 6 packages that it asked for are not in the local archive, and --offline forbids to fetch them.',
    );
    expect(error.details).toEqual([
      ...PACKAGES.slice(0, 4).map(({ name }) => `${name}_1.0_amd64.deb`),
      'and 2 more',
    ]);
    expect(error.hint).toContain('once without --offline');
    expect(warnings.filter((text) => text.includes('.deb'))).toEqual([]);
  });

  it('and fails of something else says that, and warns once of the packages', async () => {
    const { context, warnings } = await project();
    await askingApt('dpkg: error: No space left on device');
    const error = await failure(createProjectBox(context, { offline: true }));
    expect(error).toMatchObject({ code: 'box.disk-full' });
    const about = warnings.filter((text) => text.includes('.deb'));
    expect(about).toEqual([
      expect.stringMatching(/^Because of --offline, 6 packages could not be had.*and 2 more/),
    ]);
  });
});

it('a base box is not begun with what is no keyring: it is not read to its end', async () => {
  const { context } = await project();
  const yaml =
    'name: x\narchive: {kind: mirror, origins: {debian: {url: "http://m.example", keyring: /dev/zero}}}\n';
  await write(context.cwd, 'builder/builder.yaml', yaml);
  expect(await failure(createProjectBox(context, { offline: true }))).toMatchObject({
    code: 'archive.no-keyring',
  });
});

describe('what was not fetched', () => {
  it('is told once, and each file once', () => {
    const unfetched = new Unfetched();
    expect(unfetched.hasPackages).toBe(false);
    for (const path of ['/debian/1/dists/x', '/debian/1/pool/a.deb', '/debian/1/pool/a.deb'])
      unfetched.note(path);
    expect(unfetched.hasPackages).toBe(true);
    expect(unfetched.take()).toEqual(['/debian/1/dists/x', '/debian/1/pool/a.deb']);
    expect(unfetched.take()).toEqual([]);
  });

  it('is counted in words', () => {
    expect(unfetchedError('It failed', ['/debian/1/pool/a.deb'], undefined).message).toBe(
      'It failed: 1 package that it asked for is not in the local archive, and --offline forbids to fetch it.',
    );
    expect(unfetchedWarning(['/debian/1/dists/x', '/debian/1/pool/a.deb'])).toContain(
      '2 files could not be had: not in the local archive. /debian/1/dists/x, a.deb. ',
    );
  });
});
