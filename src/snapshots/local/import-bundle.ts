/**
 * Reads a replay bundle (bundle.ts). Nothing in it is believed: signatures are verified with keyrings
 * of this host, every file against what is signed, and what a snapshot says of itself is read from
 * its signed Release files again. Nothing is unpacked: each file is read where it lies in the bundle,
 * no further than what signed it says, so that the largest lie costs no room.
 *
 * What was imported is reached through its tag, and by its serial while the tag is there. It never is
 * what `latest` means: an old state that is genuine must not take the place of what a mirror has now.
 */
import { readFile } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import { MayflyError, throwIfAborted } from '../../errors.js';
import { listTar, readTarEntry, readTarText, TarProblem, type TarEntry } from '../../process/tar-read.js';
import { parseRelease } from '../release.js';
import { verifyInRelease } from '../signature.js';
import { checkBundledTag, malformed } from './bundled-tag.js';
import { checkSuite, wantedIndexes } from './fetch-suite.js';
import { hasFile, storeFile, type ExpectedFile } from './files.js';
import { SnapshotFinder } from './find-file.js';
import { archiveParts, storedFile } from './layout.js';
import type { Snapshot, SnapshotSuite } from './snapshot.js';
import { addTag, checkTagName, findTag, tagShape, type Tag } from './tag.js';

/** Bytes of a tag: it names each file of a build, and holds the build's record. */
const MOST_OF_TAG = 64 * 1024 * 1024;
/** Bytes of a Release file, of which only the bundle itself knows the size: as many as a mirror's may have. */
const MOST_OF_RELEASE = 16 * 1024 * 1024;

export interface ImportRequest {
  readonly archive: string;
  readonly bundle: string;
  /** What its tag is called here. Default: as in the bundle. */
  readonly as?: string | undefined;
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
 * their name says. The caller uses the archive, and imports nothing else meanwhile.
 * @throws MayflyError `bundle.malformed`, `archive.bad-signature`, `archive.wrong-file`, `tag.exists`, `tag.name`
 */
export async function importBundle(request: ImportRequest): Promise<Imported> {
  const { archive, bundle, signal } = request;
  const name = request.as === undefined ? undefined : checkTagName(request.as);
  const entries = await listTar(bundle, signal).catch((error: unknown) => {
    throw error instanceof TarProblem ? malformed(bundle, error.message, error) : error;
  });
  const said = await readBundledTag(entries, bundle);
  let [files, bytes] = [0, 0];
  const bring = async (file: ExpectedFile, what: string): Promise<void> => {
    throwIfAborted(signal);
    files += 1;
    if (await hasFile(archive, file)) return;
    const entry = entries.get(relative(archive, storedFile(archive, file.sha256)));
    if (entry === undefined) throw malformed(bundle, `it lacks ${what}`);
    await storeFile(archive, file, readTarEntry(bundle, entry), `${bundle}: ${what}`);
    bytes += file.bytes;
  };
  const snapshots: Record<string, Snapshot> = {};
  for (const [key, snapshot] of Object.entries(said.snapshots)) {
    const suites: SnapshotSuite[] = [];
    for (const suite of snapshot.suites) suites.push(await bringSuite(request, snapshot, suite, bring));
    snapshots[key] = { ...snapshot, suites };
  }
  const tag: Tag = { ...said, tag: name ?? said.tag, snapshots };
  const known = await findTag(archive, tag.tag);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(tag)) {
    throw new MayflyError('usage', 'tag.exists', `The local archive has another tag ${tag.tag} already.`, {
      hint: `Call this one otherwise (--as), or remove that one first: mayfly snapshots untag ${tag.tag}.`,
    });
  }
  for (const [key, snapshot] of Object.entries(tag.snapshots)) {
    const finder = new SnapshotFinder(archive, snapshot, signal);
    for (const file of tag.files.filter(({ origin, serial }) => `${origin}/${serial}` === key)) {
      const signed = await finder.find(file.path);
      if (signed?.sha256 !== file.sha256)
        throw malformed(bundle, `no signed index names ${file.path} as it is`);
      await bring(signed, file.path);
    }
  }
  if (known === undefined) await addTag(archive, tag);
  return { tag, files, bytes, isNew: known === undefined };
}

async function readBundledTag(entries: ReadonlyMap<string, TarEntry>, bundle: string): Promise<Tag> {
  const [first, ...more] = [...entries].filter(([name]) => name.startsWith('tags/'));
  if (first === undefined || more.length > 0) throw malformed(bundle, 'it does not hold exactly one tag');
  const [name, entry] = first;
  let tag: Tag;
  try {
    tag = tagShape.parse(JSON.parse(await readTarText(bundle, 'tag', entry, MOST_OF_TAG)));
  } catch (error) {
    throw malformed(bundle, error instanceof TarProblem ? error.message : 'its tag cannot be read', error);
  }
  if (`${tag.tag}.json` !== basename(name)) throw malformed(bundle, 'its tag has another name');
  checkBundledTag(tag, bundle);
  return tag;
}

/** The signature first, then what it signs. @returns the suite as its signed Release file has it */
async function bringSuite(
  { archive, bundle, keyringOf, signal }: ImportRequest,
  snapshot: Snapshot,
  suite: SnapshotSuite,
  bring: (file: ExpectedFile, what: string) => Promise<void>,
): Promise<SnapshotSuite> {
  const what = `${snapshot.origin} ${snapshot.serial} ${suite.suite}`;
  if (Math.max(suite.inRelease.bytes, suite.release.bytes) > MOST_OF_RELEASE)
    throw malformed(bundle, `the Release file of ${what} has more than ${MOST_OF_RELEASE} bytes`);
  await bring(suite.inRelease, `${what} InRelease`);
  const { text, signers } = await verifyInRelease({
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
  checkSuite(release, suite.suite, `${bundle}: ${what}`);
  const indexes = wantedIndexes(release, snapshot.components, snapshot.architectures);
  if (indexes.length === 0) throw malformed(bundle, `${what} has no packages of what it says it holds`);
  for (const [path, file] of indexes) await bring(file, `${what} ${path}`);
  return {
    suite: suite.suite,
    inRelease: suite.inRelease,
    release: suite.release,
    signers: [...signers],
    date: release.date.toISOString(),
    ...(release.validUntil === undefined ? {} : { validUntil: release.validUntil.toISOString() }),
    indexes: Object.fromEntries(indexes),
  };
}
