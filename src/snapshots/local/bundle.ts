/**
 * The replay bundle: a tag and everything that it keeps, as one file, from which another host builds
 * the same again with no archive in reach. A tar, as the archive itself is laid out:
 *
 *   tags/TAG.json   files/ab/abcdef…
 *
 * The same tag always gives the same bytes. Nothing in a bundle is believed: signatures are verified
 * with keyrings of the host that imports it, and every file against what is signed.
 */
import { createReadStream } from 'node:fs';
import { lstat, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, MayflyError } from '../../errors.js';
import { entriesOf } from '../../process/entries.js';
import { run } from '../../process/run.js';
import { SAME_BYTES } from '../../process/tar.js';
import { makeScratch } from '../../process/scratch.js';
import { parseRelease } from '../release.js';
import { isFrozen } from '../serial.js';
import { verifyInRelease } from '../signature.js';
import { hasFile, storeFile, type ExpectedFile } from './files.js';
import { SnapshotFinder } from './find-file.js';
import { archiveParts, storedFile } from './layout.js';
import { addSnapshot, type Snapshot, type SnapshotSuite } from './snapshot.js';
import { addTag, checkTagName, findTag, isTagName, tagShape, type Tag } from './tag.js';

/** Files of a tag: what its snapshots publish, and what its build used. */
export function filesOfTag(tag: Tag): readonly ExpectedFile[] {
  const published = Object.values(tag.snapshots).flatMap(({ suites }) =>
    suites.flatMap(({ inRelease, release, indexes }) => [inRelease, release, ...Object.values(indexes)]),
  );
  const all = new Map([...published, ...tag.files].map((file) => [file.sha256, file]));
  return [...all.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}

/**
 * Writes a tag and its files into one file.
 * @returns its size in bytes
 * @throws MayflyError `bundle.incomplete` when the archive lost a file of the tag
 */
export async function exportTag(
  archive: string,
  tag: Tag,
  target: string,
  signal: AbortSignal,
): Promise<number> {
  const files = filesOfTag(tag);
  const missing: string[] = [];
  for (const file of files) if (!(await hasFile(archive, file))) missing.push(file.sha256);
  if (missing.length > 0) {
    throw new MayflyError(
      'host',
      'bundle.incomplete',
      `The local archive lost files of the tag ${tag.tag}.`,
      {
        details: missing.slice(0, 10),
        hint: '`mayfly snapshots verify` looks for all damage and mends what upstream still has.',
      },
    );
  }
  const names = [
    `tags/${tag.tag}.json`,
    ...files.map(({ sha256 }) => `files/${sha256.slice(0, 2)}/${sha256}`),
  ];
  const temporary = `${target}.${process.pid}.new`;
  try {
    await run('tar', bundleArguments(archive, temporary), { input: names.join('\n'), signal });
    const file = await open(temporary, 'r');
    const { size } = await file.stat();
    await file.sync();
    await file.close();
    await rename(temporary, target);
    return size;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Arguments of tar(1). Pure. */
export function bundleArguments(archive: string, output: string): readonly string[] {
  return [
    '--create',
    ...['--file', output],
    ...['--directory', archive],
    ...SAME_BYTES,
    '--no-recursion',
    '--verbatim-files-from',
    '--files-from=-',
  ];
}

export interface ImportRequest {
  readonly archive: string;
  readonly bundle: string;
  /** Origin → the keyring of this host that signs it. */
  readonly keyringOf: (origin: string) => string;
  readonly signal: AbortSignal;
}

export interface Imported {
  readonly tag: Tag;
  readonly files: number;
  /** Bytes that were not here before. */
  readonly bytes: number;
  /** False when the tag was here already. */
  readonly isNew: boolean;
}

/**
 * Brings a bundle into the archive, whole and verified, or not at all but for files that are what
 * their name says. The caller holds the archive for itself.
 * @throws MayflyError `bundle.malformed`, `archive.bad-signature`, `archive.wrong-file`, `tag.exists`
 */
export async function importBundle(request: ImportRequest): Promise<Imported> {
  const { archive, bundle, signal } = request;
  await using scratch = await makeScratch(archiveParts(archive).incoming, 0o700);
  const extract = ['--extract', '--file', bundle, '--directory', scratch.path];
  await run('tar', [...extract, '--no-same-owner', '--no-same-permissions'], { signal }).catch(
    (error: unknown) => {
      throw isAbort(error, signal) ? error : malformed(bundle, 'tar cannot read it', error);
    },
  );
  const tag = await readBundledTag(scratch.path, bundle);
  const known = await findTag(archive, tag.tag);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(tag)) {
    throw new MayflyError('usage', 'tag.exists', `The local archive has another tag ${tag.tag} already.`, {
      hint: `Remove that one first: mayfly snapshots untag ${tag.tag}.`,
    });
  }
  let [files, bytes] = [0, 0];
  const bring = async (file: ExpectedFile, what: string): Promise<void> => {
    files += 1;
    if (await hasFile(archive, file)) return;
    const path = storedFile(scratch.path, file.sha256);
    await storeFile(archive, file, await readable(path, bundle, what), `${bundle}: ${what}`);
    bytes += file.bytes;
  };
  for (const snapshot of Object.values(tag.snapshots)) {
    for (const suite of snapshot.suites) await bringSuite(request, scratch.path, snapshot, suite, bring);
  }
  for (const [key, snapshot] of Object.entries(tag.snapshots)) {
    const finder = new SnapshotFinder(archive, snapshot, signal);
    for (const file of tag.files.filter(({ origin, serial }) => `${origin}/${serial}` === key)) {
      const signed = await finder.find(file.path);
      if (signed?.sha256 !== file.sha256)
        throw malformed(bundle, `no signed index names ${file.path} as it is`);
      await bring(file, file.path);
    }
  }
  // The mirror's addresses in it are another host's: a snapshot that is here already stays.
  for (const snapshot of Object.values(tag.snapshots)) {
    if (isFrozen(snapshot.serial)) await addSnapshot(archiveParts(archive).snapshots, snapshot);
  }
  if (known === undefined) await addTag(archive, tag);
  return { tag, files, bytes, isNew: known === undefined };
}

async function readBundledTag(folder: string, bundle: string): Promise<Tag> {
  const [name, ...more] = await entriesOf(join(folder, 'tags'));
  if (name === undefined || more.length > 0) throw malformed(bundle, 'it does not hold exactly one tag');
  const path = join(folder, 'tags', name);
  if (!(await lstat(path)).isFile()) throw malformed(bundle, 'its tag is no file');
  let tag: Tag;
  try {
    tag = tagShape.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw malformed(bundle, 'its tag cannot be read', error);
  }
  if (`${checkTagName(tag.tag)}.json` !== name) throw malformed(bundle, 'its tag has another name');
  const strange = Object.entries(tag.snapshots).find(([, snapshot]) => !isPlain(snapshot));
  if (strange !== undefined) throw malformed(bundle, `it names a snapshot that cannot be: ${strange[0]}`);
  return tag;
}

/** Its origin and serial become names of files. */
const isPlain = ({ origin, serial }: Snapshot): boolean =>
  /^[a-z0-9][a-z0-9-]{0,62}$/.test(origin) && (isFrozen(serial) || isTagName(serial));

/** The signature first, then what it signs. */
async function bringSuite(
  { archive, bundle, keyringOf, signal }: ImportRequest,
  folder: string,
  snapshot: Snapshot,
  suite: SnapshotSuite,
  bring: (file: ExpectedFile, what: string) => Promise<void>,
): Promise<void> {
  const what = `${snapshot.origin} ${snapshot.serial} ${suite.suite}`;
  await bring(suite.inRelease, `${what} InRelease`);
  const { text } = await verifyInRelease({
    inRelease: await readFile(storedFile(archive, suite.inRelease.sha256)),
    keyring: keyringOf(snapshot.origin),
    from: `${bundle}: ${what}`,
    scratch: archiveParts(archive).incoming,
    signal,
  });
  await bring(suite.release, `${what} Release`);
  if ((await readFile(storedFile(archive, suite.release.sha256), 'utf8')) !== text) {
    throw malformed(bundle, `the Release file of ${what} is not the signed one`);
  }
  const release = parseRelease(text, what);
  for (const [path, file] of Object.entries(suite.indexes)) {
    if (release.files.get(path)?.sha256 !== file.sha256) {
      throw malformed(bundle, `${path} of ${what} is not the signed one`);
    }
    await bring(file, `${what} ${path}`);
  }
}

async function readable(path: string, bundle: string, what: string) {
  try {
    if ((await lstat(path)).isFile()) return createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  throw malformed(bundle, `it lacks ${what}`);
}

const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted || (error instanceof MayflyError && error.kind === 'interrupted');

function malformed(bundle: string, why: string, cause?: unknown): MayflyError {
  return new MayflyError('host', 'bundle.malformed', `${bundle} is no whole replay bundle: ${why}.`, {
    hint: '`mayfly snapshots export` writes them. Was it copied to its end?',
    cause,
  });
}
