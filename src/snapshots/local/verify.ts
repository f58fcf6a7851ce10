/**
 * Verifies the local archive: every stored byte against its checksum, and whether all that snapshots
 * and tags need is there. What is damaged is fetched again, as far as upstream still has it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, MayflyError } from '../../errors.js';
import { entriesOf } from '../../process/entries.js';
import type { Upstream } from '../upstream.js';
import { hasFile, storeFile, type ExpectedFile } from './files.js';
import { SnapshotFinder } from './find-file.js';
import { archiveParts, storedFile } from './layout.js';
import { storedSnapshots } from './needed.js';
import type { Snapshot } from './snapshot.js';
import { listTags, readTag, snapshotKey, type Tag, type UsedFile } from './tag.js';
import { byHash } from './fetch-suite.js';

export interface VerifyRequest {
  readonly archive: string;
  /** Undefined when nothing may be fetched. */
  readonly upstream: Upstream | undefined;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface Damage {
  readonly sha256: string;
  readonly problem: 'changed' | 'missing';
  /** What it is, as far as somebody knows: a path below an origin. */
  readonly name: string | undefined;
  readonly repaired: boolean;
}

export interface Verified {
  readonly files: number;
  readonly bytes: number;
  readonly damage: readonly Damage[];
}

interface Known extends ExpectedFile {
  readonly name: string;
  readonly urls: readonly string[];
}

/** The caller uses the archive. */
export async function verifyArchive(request: VerifyRequest): Promise<Verified> {
  const { archive } = request;
  const { files, bytes, changed } = await hashAll(request);
  // Away with them first: whoever asks for one meanwhile must not get it.
  for (const sha256 of changed) await rm(storedFile(archive, sha256), { force: true });
  const wanted = await wantedFiles(archive);
  const missing: string[] = [];
  for (const file of wanted) {
    if (!changed.includes(file.sha256) && !(await hasFile(archive, file))) missing.push(file.sha256);
  }
  if (changed.length + missing.length === 0) return { files, bytes, damage: [] };
  const damaged = [
    ...changed.map((sha256) => ({ sha256, problem: 'changed' as const })),
    ...[...new Set(missing)].map((sha256) => ({ sha256, problem: 'missing' as const })),
  ];
  const damage: Damage[] = [];
  // What is published comes first: only whole indexes tell where pool files are.
  const published = new Map(wanted.map((file) => [file.sha256, file]));
  const isPublished = ({ sha256 }: { sha256: string }): boolean => published.has(sha256);
  for (const { sha256, problem } of damaged.filter(isPublished)) {
    const file = published.get(sha256);
    damage.push({ sha256, problem, name: file?.name, repaired: await fetchAgain(request, file) });
  }
  const pool = damaged.filter((file) => !isPublished(file));
  const known = pool.length === 0 ? new Map<string, Known>() : await poolFiles(request);
  for (const { sha256, problem } of pool) {
    const file = known.get(sha256);
    damage.push({ sha256, problem, name: file?.name, repaired: await fetchAgain(request, file) });
  }
  return { files, bytes, damage };
}

async function hashAll({ archive, signal, progress }: VerifyRequest) {
  const { files: folder } = archiveParts(archive);
  const changed: string[] = [];
  let [files, bytes] = [0, 0];
  for (const part of await entriesOf(folder)) {
    for (const name of await entriesOf(join(folder, part))) {
      signal.throwIfAborted();
      const found = await hashOf(join(folder, part, name)).catch((error: unknown) => {
        if (hasCode(error, 'EIO')) return { sha256: '', bytes: 0 };
        throw error;
      });
      files += 1;
      bytes += found.bytes;
      if (found.sha256 !== name) changed.push(name);
      if (files % 100 === 0) progress(`${files} files`);
    }
  }
  return { files, bytes, changed };
}

async function hashOf(path: string): Promise<ExpectedFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path)) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** What must be there, with its name; pool files of snapshots need not be, until a build has used them. */
async function wantedFiles(archive: string): Promise<readonly Known[]> {
  const tags = await Promise.all((await listTags(archive)).map((name) => readTag(archive, name)));
  const snapshots = [
    ...(await storedSnapshots(archive)),
    ...tags.flatMap((tag) => Object.values(tag.snapshots)),
  ];
  return [
    ...snapshots.flatMap(publishedFiles),
    ...tags.flatMap((tag) => tag.files.map((file) => taggedFile(tag, file))),
  ];
}

function taggedFile(tag: Tag, file: UsedFile): Known {
  const { origin, serial, path } = file;
  const upstream = tag.snapshots[snapshotKey(origin, serial)]?.upstream;
  return {
    ...file,
    name: `${origin} ${serial} ${path}`,
    urls: upstream === undefined ? [] : [`${upstream}/${path}`],
  };
}

function publishedFiles(snapshot: Snapshot): readonly Known[] {
  return snapshot.suites.flatMap(({ suite, inRelease, release, indexes }) => {
    const base = `${snapshot.upstream}/dists/${suite}`;
    const name = `${snapshot.origin} ${snapshot.serial} dists/${suite}`;
    return [
      { ...inRelease, name: `${name}/InRelease`, urls: [`${base}/InRelease`] },
      { ...release, name: `${name}/Release`, urls: [`${base}/Release`] },
      ...Object.entries(indexes).map(([path, file]) => ({
        ...file,
        name: `${name}/${path}`,
        urls: [byHash(base, path, file.sha256), `${base}/${path}`],
      })),
    ];
  });
}

/** SHA-256 → the pool file that it is, and where it may be had; as far as indexes are whole. */
async function poolFiles({ archive, signal }: VerifyRequest): Promise<ReadonlyMap<string, Known>> {
  const known = new Map<string, Known>();
  for (const snapshot of await storedSnapshots(archive)) {
    const catalog = await new SnapshotFinder(archive, snapshot, signal).pool().catch(() => undefined);
    for (const [path, file] of catalog ?? []) {
      const name = `${snapshot.origin} ${snapshot.serial} ${path}`;
      known.set(file.sha256, { ...file, name, urls: [`${snapshot.upstream}/${path}`] });
    }
  }
  return known;
}

async function fetchAgain(
  { archive, upstream, signal }: VerifyRequest,
  file: Known | undefined,
): Promise<boolean> {
  if (file === undefined || upstream === undefined) return false;
  for (const url of file.urls) {
    try {
      await storeFile(archive, file, await upstream.open(url, signal), url);
      return true;
    } catch (error) {
      if (!(error instanceof MayflyError)) throw error;
    }
  }
  return false;
}
