/** Replay bundles: written, read on another host, and what nobody may smuggle in. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../../src/process/run.js';
import { exportTag } from '../../../../src/snapshots/local/bundle.js';
import { findSnapshot } from '../../../../src/snapshots/local/find-snapshot.js';
import { importBundle, type Imported } from '../../../../src/snapshots/local/import-bundle.js';
import { archiveParts, storedFile } from '../../../../src/snapshots/local/layout.js';
import { listOrigins, type Snapshot } from '../../../../src/snapshots/local/snapshot.js';
import { addTag, findTag, listTags, taggedSnapshots, type Tag } from '../../../../src/snapshots/local/tag.js';
import { poolPath, startMirror } from '../../../rig/mirror.js';
import { failure, temporaryFolder } from '../../source/repository.js';
import { archiveRig, filesIn, HELLO, NEWER, sha, signal, tagOf } from './rig.js';

const rig = archiveRig();

/** A tag with one package, which is stored. */
async function tagged(): Promise<Tag> {
  await rig.mirror.publish({ packages: [HELLO, { ...NEWER, name: 'unused' }] });
  const { snapshot } = await rig.take();
  await rig.serving(async ({ get }) => {
    await get(`/debian/${snapshot.serial}/${poolPath(HELLO)}`);
    await get(`/debian/${snapshot.serial}/${poolPath({ ...NEWER, name: 'unused' })}`);
  });
  const tag = tagOf(snapshot, [HELLO]);
  await addTag(rig.archive, tag);
  return tag;
}

async function bundleOf(tag: Tag): Promise<string> {
  const file = join(await temporaryFolder(), '1.0.bundle');
  await exportTag(rig.archive, tag, file, signal);
  return file;
}

/** Another host's archive. */
const elsewhere = async (): Promise<string> => join(await temporaryFolder(), 'archive');

const bring = (archive: string, bundle: string, keyring = rig.mirror.keyring): Promise<Imported> =>
  importBundle({ archive, bundle, keyringOf: () => keyring, signal });

/** A bundle that was unpacked, changed, and packed again. */
async function forged(change: (folder: string) => Promise<void>): Promise<string> {
  const bundle = await bundleOf(await tagged());
  const folder = await temporaryFolder();
  await run('tar', ['-xf', bundle, '-C', folder]);
  await change(folder);
  const file = join(await temporaryFolder(), 'forged');
  await run('tar', ['-cf', file, '-C', folder, 'tags', 'files']);
  return file;
}

/** Changes what a bundle says of its only snapshot. */
async function changeSnapshot(folder: string, change: (snapshot: Snapshot) => Snapshot): Promise<void> {
  const path = join(folder, 'tags/1.0.json');
  const tag = JSON.parse(await readFile(path, 'utf8')) as Tag;
  const snapshots = Object.entries(tag.snapshots).map(([key, snapshot]) => [key, change(snapshot)] as const);
  await writeFile(path, JSON.stringify({ ...tag, snapshots: Object.fromEntries(snapshots) }));
}

describe('a replay bundle', () => {
  it('is the same bytes each time, and holds what the tag keeps and no more', async () => {
    const tag = await tagged();
    const [one, two] = [await bundleOf(tag), await bundleOf(tag)];
    expect((await readFile(one)).equals(await readFile(two))).toBe(true);
    const { stdout } = await run('tar', ['-tf', one]);
    const names = stdout.split('\n');
    expect(names[0]).toBe('tags/1.0.json');
    expect(names.some((name) => name.endsWith(sha(HELLO)))).toBe(true);
    expect(names.some((name) => name.endsWith(sha(NEWER)))).toBe(false);
  });

  it('brings tag, snapshot and packages to another host, once', async () => {
    const tag = await tagged();
    const bundle = await bundleOf(tag);
    const archive = await elsewhere();
    const imported = await bring(archive, bundle);
    expect(imported).toMatchObject({ isNew: true, files: 4 });
    expect(imported.bytes).toBeGreaterThan(0);
    expect(await findTag(archive, '1.0')).toEqual(tag);
    expect(await readFile(storedFile(archive, sha(HELLO)), 'utf8')).toBe(HELLO.content);
    const [snapshot] = Object.values(tag.snapshots);
    const shelf = archiveParts(archive).snapshots;
    const query = { shelf, origin: 'debian', releases: {}, tagged: await taggedSnapshots(archive) };
    expect(await findSnapshot({ ...query, serial: snapshot?.serial ?? '' })).toEqual(snapshot);
    expect(await bring(archive, bundle)).toMatchObject({ isNew: false, bytes: 0 });
    // It is no candidate for `latest`, and blocks no serial of this host.
    expect(await listOrigins(shelf)).toEqual([]);
  });

  it('says nothing of a state but what is signed', async () => {
    const bundle = await forged((folder) =>
      changeSnapshot(folder, (snapshot) => ({
        ...snapshot,
        suites: snapshot.suites.map((suite) => ({
          ...suite,
          date: '2090-01-01T00:00:00.000Z',
          validUntil: '2091-01-01T00:00:00.000Z',
          signers: ['nobody'],
          indexes: {},
        })),
      })),
    );
    const archive = await elsewhere();
    await bring(archive, bundle);
    expect(await findTag(archive, '1.0')).toEqual(await findTag(rig.archive, '1.0'));
  });

  it('is unpacked apart from files of mayfly itself', async () => {
    const bundle = await bundleOf(await tagged());
    const folder = await temporaryFolder();
    await run('tar', ['-xf', bundle, '-C', folder]);
    await writeFile(join(folder, '.owner.json'), 'not JSON');
    const file = join(await temporaryFolder(), 'forged');
    await run('tar', ['-cf', file, '-C', folder, '.owner.json', 'tags', 'files']);
    const archive = await elsewhere();
    expect(await bring(archive, file)).toMatchObject({ isNew: true });
  });

  it('is not written when a file is lost', async () => {
    const tag = await tagged();
    await rm(storedFile(rig.archive, sha(HELLO)));
    const file = join(await temporaryFolder(), '1.0.bundle');
    expect(await failure(exportTag(rig.archive, tag, file, signal))).toMatchObject({
      code: 'bundle.incomplete',
    });
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });
});

describe('a bundle that is refused', () => {
  const refused = async (bundle: string, code: string, keyring?: string): Promise<void> => {
    const archive = await elsewhere();
    expect(await failure(bring(archive, bundle, keyring))).toMatchObject({ code });
    expect(await listTags(archive)).toEqual([]);
    for (const name of await filesIn(archive)) {
      expect((await run('sha256sum', [join(archive, 'files', name)])).stdout).toContain(name.slice(3));
    }
  };

  it('is signed by somebody else', async () => {
    const other = await startMirror(join(await temporaryFolder(), 'other'), 'trixie', 'other');
    await other[Symbol.asyncDispose]();
    await refused(await bundleOf(await tagged()), 'archive.bad-signature', other.keyring);
  });

  it('was cut off', async () => {
    const bundle = await bundleOf(await tagged());
    await truncate(bundle, 3000);
    await refused(bundle, 'bundle.malformed');
    await writeFile(bundle, 'not a tar');
    await refused(bundle, 'bundle.malformed');
  });

  it.each(['xz', 'gzip'])('is compressed (%s): a few bytes would become any number', async (program) => {
    const folder = await temporaryFolder();
    const bomb = join(folder, 'tags/1.0.json');
    await mkdir(join(folder, 'tags'));
    await writeFile(bomb, '');
    await truncate(bomb, 64 * 1024 * 1024);
    const file = join(folder, 'bomb');
    await run('tar', [`--${program}`, '-cf', file, '-C', folder, 'tags']);
    expect((await stat(file)).size).toBeLessThan(100_000);
    await refused(file, 'bundle.malformed');
  });

  it('has a Release file that is a message in which any size hides', async () => {
    const bundle = await forged(async (folder) => {
      const [plain, message] = [join(folder, 'plain'), join(folder, 'message')];
      await writeFile(plain, '');
      await truncate(plain, 32 * 1024 * 1024);
      const packing = ['--batch', '--quiet', '--homedir', folder, '-z', '9', '--store', '--output', message];
      await run('gpg', [...packing, plain]);
      const content = await readFile(message);
      const sha256 = createHash('sha256').update(content).digest('hex');
      await mkdir(join(folder, 'files', sha256.slice(0, 2)), { recursive: true });
      await writeFile(storedFile(folder, sha256), content);
      const inRelease = { sha256, bytes: content.length };
      await changeSnapshot(folder, (own) => ({
        ...own,
        suites: own.suites.map((suite) => ({ ...suite, inRelease })),
      }));
    });
    await refused(bundle, 'archive.bad-signature');
  });

  it('has a Release file that is larger than any is', async () => {
    const large = { sha256: 'ab'.repeat(32), bytes: 17 * 1024 * 1024 };
    const bundle = await forged((folder) =>
      changeSnapshot(folder, (own) => ({
        ...own,
        suites: own.suites.map((suite) => ({ ...suite, inRelease: large })),
      })),
    );
    await refused(bundle, 'bundle.malformed');
  });

  it('has a package of other content', async () => {
    const bundle = await forged((folder) => appendFile(storedFile(folder, sha(HELLO)), 'more'));
    await refused(bundle, 'archive.wrong-file');
  });

  it('names a package that no index signs', async () => {
    const bundle = await forged(async (folder) => {
      const path = join(folder, 'tags/1.0.json');
      const tag = JSON.parse(await readFile(path, 'utf8')) as Tag;
      const evil = { ...tag.files[0], sha256: 'ab'.repeat(32) };
      await writeFile(path, JSON.stringify({ ...tag, files: [evil] }));
      await mkdir(join(folder, 'files/ab'), { recursive: true });
      await writeFile(storedFile(folder, 'ab'.repeat(32)), 'x');
    });
    await refused(bundle, 'bundle.malformed');
  });

  it('has a link in place of a file', async () => {
    const bundle = await forged(async (folder) => {
      const path = storedFile(folder, sha(HELLO));
      await rm(path);
      await symlink('/etc/passwd', path);
    });
    await refused(bundle, 'bundle.malformed');
  });

  const inSuite = (suite: string) => (snapshot: Snapshot) => ({
    ...snapshot,
    suites: snapshot.suites.map((known) => ({ ...known, suite })),
  });

  it.each<[string, string, (snapshot: Snapshot) => Snapshot]>([
    ['calls itself another suite', 'archive.other-suite', inSuite('sid')],
    ['has a suite that is a path', 'bundle.malformed', inSuite('../trixie')],
    ['has a suite with an escape', 'bundle.malformed', inSuite('%2e%2e/trixie')],
    ['has another serial than its key', 'bundle.malformed', (own) => ({ ...own, serial: '2090010199' })],
    ['says that it holds more', 'bundle.malformed', (own) => ({ ...own, architectures: ['s390x'] })],
    [
      'has an architecture that is a path',
      'bundle.malformed',
      (own) => ({ ...own, architectures: ['../x'] }),
    ],
    ['has a mirror that is a file', 'bundle.malformed', (own) => ({ ...own, upstream: 'file:///etc' })],
  ])('%s', async (_, code, change) => {
    await refused(await forged((folder) => changeSnapshot(folder, change)), code);
  });

  it('has a package of no snapshot', async () => {
    const bundle = await forged(async (folder) => {
      const path = join(folder, 'tags/1.0.json');
      const tag = JSON.parse(await readFile(path, 'utf8')) as Tag;
      const files = tag.files.map((file) => ({ ...file, serial: '2090010199' }));
      await writeFile(path, JSON.stringify({ ...tag, files }));
    });
    await refused(bundle, 'bundle.malformed');
  });

  it('names a serial that is a path', async () => {
    const bundle = await forged(async (folder) => {
      const path = join(folder, 'tags/1.0.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replaceAll(/"serial": "\d{10}"/g, '"serial": "../../x"'));
    });
    await refused(bundle, 'bundle.malformed');
  });
});
