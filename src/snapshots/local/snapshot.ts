/** What a snapshot of one origin consists of, as a file. */
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { entriesOf } from '../../process/entries.js';
import { hasCode, MayflyError } from '../../errors.js';
import { compareSerials, isFrozen } from '../serial.js';
import { archiveParts, snapshotFile } from './layout.js';

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

const snapshotShape = z.object({
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
export async function listSerials(archive: string, origin: string): Promise<readonly string[]> {
  const names = await entriesOf(join(archiveParts(archive).snapshots, origin));
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter(isFrozen)
    .sort(compareSerials);
}

export async function listOrigins(archive: string): Promise<readonly string[]> {
  return [...(await entriesOf(archiveParts(archive).snapshots))].sort();
}

/** @throws MayflyError `snapshot.unknown` */
export async function readSnapshot(archive: string, origin: string, serial: string): Promise<Snapshot> {
  try {
    return snapshotShape.parse(JSON.parse(await readFile(snapshotFile(archive, origin, serial), 'utf8')));
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    const known = await listSerials(archive, origin);
    throw new MayflyError('host', 'snapshot.unknown', `The archive has no snapshot ${serial} of ${origin}.`, {
      details: known.length === 0 ? [] : [`It has: ${known.slice(-8).join(', ')}`],
      hint: 'Ways out: import it (mayfly snapshots import), serve it from where it is (archive.url in builder.yaml), or freeze to another (mayfly snapshots freeze).',
    });
  }
}

export async function newestSnapshot(archive: string, origin: string): Promise<Snapshot | undefined> {
  const newest = (await listSerials(archive, origin)).at(-1);
  return newest === undefined ? undefined : await readSnapshot(archive, origin, newest);
}

/** Stores a new snapshot under its serial, whole or not at all. False when that serial exists. */
export async function addSnapshot(archive: string, snapshot: Snapshot): Promise<boolean> {
  const target = snapshotFile(archive, snapshot.origin, snapshot.serial);
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}.new`;
  await writeFile(temporary, `${JSON.stringify(snapshot, undefined, 2)}\n`, { flush: true });
  try {
    // A link, not a rename: it never replaces what another process has added meanwhile.
    await link(temporary, target);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}
