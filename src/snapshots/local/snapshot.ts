/**
 * What a snapshot of one origin consists of, as a file on a shelf: the folder of our own snapshots,
 * or that of a snapshot service (layout.ts).
 */
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { namesIn } from './entries.js';
import { hasCode, MayflyError } from '../../errors.js';
import { compareSerials, isFrozen } from '../serial.js';
import { readRecord } from './damaged.js';
import { snapshotFile } from './layout.js';
import { isOriginName, isStateName } from './names.js';
import { writeNew, writeOver } from './write-new.js';

const storedFileShape = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number() });

const suiteShape = z.object({
  suite: z.string(),
  /** As it was published: signatures are kept, and nothing is signed anew. */
  inRelease: storedFileShape,
  /** The part of it that is signed: the only one that is believed. */
  release: storedFileShape,
  /** Fingerprints of the keys that signed it. */
  signers: z.array(z.string()),
  /** ISO 8601, as the archive has it. */
  date: z.string(),
  validUntil: z.string().optional(),
  /** Index files that were fetched with it: path below dists/SUITE/ → content. */
  indexes: z.record(z.string(), storedFileShape),
});

export const snapshotShape = z.object({
  schema: z.literal(1),
  origin: z.string(),
  serial: z.string(),
  /** ISO 8601. */
  takenAt: z.string(),
  /** Where it was taken from, and where pool files come from when they are first wanted. */
  upstream: z.string(),
  components: z.array(z.string()),
  architectures: z.array(z.string()),
  suites: z.array(suiteShape),
});

export type SnapshotSuite = z.infer<typeof suiteShape>;
export type Snapshot = z.infer<typeof snapshotShape>;

/** Serials of an origin, oldest first. */
export async function listSerials(shelf: string, origin: string): Promise<readonly string[]> {
  return (await listStates(shelf, origin)).filter(isFrozen);
}

/** Names of all that is recorded of an origin: serials, and the tags of a service. */
export async function listStates(shelf: string, origin: string): Promise<readonly string[]> {
  return (await namesIn(join(shelf, origin)))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter(isStateName)
    .sort(compareSerials);
}

export async function listOrigins(shelf: string): Promise<readonly string[]> {
  return (await namesIn(shelf)).filter(isOriginName).sort();
}

/**
 * A serial, or a tag of a service. Undefined when it is not on this shelf.
 * @throws MayflyError `archive.damaged`
 */
export async function findState(shelf: string, origin: string, name: string): Promise<Snapshot | undefined> {
  if (!isOriginName(origin) || !isStateName(name)) return undefined;
  return await readRecord(
    snapshotShape,
    snapshotFile(shelf, origin, name),
    `the snapshot ${name} of ${origin}`,
  );
}

/** @throws MayflyError `snapshot.unknown`, `archive.damaged` */
export async function readSnapshot(shelf: string, origin: string, name: string): Promise<Snapshot> {
  const found = await findState(shelf, origin, name);
  if (found !== undefined) return found;
  throw new MayflyError('host', 'snapshot.unknown', `The archive has no snapshot ${name} of ${origin}.`, {
    hint: '`mayfly snapshots list` shows what it has.',
  });
}

/** Stores a new snapshot under its serial, whole or not at all. False when that serial exists. */
export async function addSnapshot(shelf: string, snapshot: Snapshot): Promise<boolean> {
  return await writeNew(snapshotFile(shelf, snapshot.origin, snapshot.serial), snapshotText(snapshot));
}

/** Stores a snapshot under its serial, in place of what is known of it. */
export async function replaceSnapshot(shelf: string, snapshot: Snapshot): Promise<void> {
  await writeOver(snapshotFile(shelf, snapshot.origin, snapshot.serial), snapshotText(snapshot));
}

const snapshotText = (snapshot: Snapshot): string => `${JSON.stringify(snapshot, undefined, 2)}\n`;

/** Notes that somebody uses the snapshot: one that is used does not expire. */
export async function touchSnapshot(
  shelf: string,
  { origin, serial }: Pick<Snapshot, 'origin' | 'serial'>,
): Promise<void> {
  const now = new Date();
  await utimes(snapshotFile(shelf, origin, serial), now, now).catch((error: unknown) => {
    // One of a tag has no file of its own.
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}

/** Suite → SHA-256 of its InRelease file. */
export type Releases = Readonly<Record<string, string>>;

/** What a snapshot is, whatever its serial is called. */
export function releasesOf(snapshot: Snapshot): Releases {
  return Object.fromEntries(snapshot.suites.map(({ suite, inRelease }) => [suite, inRelease.sha256]));
}

/** Whether a snapshot has exactly these files. Nothing to compare is no difference. */
export function hasReleases(snapshot: Snapshot, releases: Releases): boolean {
  const own = releasesOf(snapshot);
  return Object.entries(releases).every(([suite, sha256]) => own[suite] === sha256);
}
