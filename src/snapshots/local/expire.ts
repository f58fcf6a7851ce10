/** Expiry: snapshots that no build has used for long, and no checkout names, go; then the files that nothing names any more. */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isFrozen } from '../serial.js';
import { isNamed, type NamedState } from './checkouts.js';
import { covers, holdingsOf } from './covers.js';
import { namesIn, storedNames } from './entries.js';
import { neededFiles, shelvesOf } from './needed.js';
import { archiveParts, snapshotFile } from './layout.js';
import { readHold } from './holds.js';
import { sharesSigners } from './signers.js';
import { listOrigins, listStates, readSnapshot, type Snapshot } from './snapshot.js';
import { sweepTemporary } from './write-new.js';

/** A snapshot as expiry looks at it. */
export interface KnownSnapshot {
  readonly shelf: string;
  readonly origin: string;
  readonly serial: string;
  /** When it was taken, or a build used it last. */
  readonly lastUse: Date;
  /** The newest that holds what it holds of its origin: what `latest` means offline. */
  readonly isNewest: boolean;
  readonly isHeld: boolean;
  /** A checkout is frozen to it. */
  readonly isNamed: boolean;
}

const DAY_MS = 24 * 3600 * 1000;
/** Half a year. */
export const UNUSED_DAYS = 183;
/**
 * A file that is younger may belong to a snapshot that is being taken. A snapshot that was used later
 * may be in use: a server that runs for days keeps nobody from expiring, but marks what it serves.
 */
const GRACE_MS = DAY_MS;

export interface Limits {
  readonly now: Date;
  /** How long unused. */
  readonly days: number;
  /** Default: a day. Milliseconds. */
  readonly graceMs?: number;
}

/** Which snapshots go. Pure. */
export function expiredSnapshots(
  snapshots: readonly KnownSnapshot[],
  limits: Limits,
): readonly KnownSnapshot[] {
  return unusedSnapshots(snapshots, limits).filter(({ isNamed: named }) => !named);
}

/** Which would go, if no checkout named them. Pure. */
function unusedSnapshots(snapshots: readonly KnownSnapshot[], limits: Limits): readonly KnownSnapshot[] {
  const { now, days, graceMs = GRACE_MS } = limits;
  const limit = now.getTime() - Math.max(days * DAY_MS, graceMs);
  return snapshots.filter(
    ({ lastUse, isNewest, isHeld }) => !isNewest && !isHeld && lastUse.getTime() < limit,
  );
}

/** @param named what checkouts are frozen to */
export async function knownSnapshots(
  archive: string,
  named: readonly NamedState[] = [],
): Promise<readonly KnownSnapshot[]> {
  const own = archiveParts(archive).snapshots;
  const known: KnownSnapshot[] = [];
  for (const shelf of await shelvesOf(archive)) {
    for (const origin of await listOrigins(shelf)) {
      const names = await listStates(shelf, origin);
      const all = await Promise.all(names.map((name) => readSnapshot(shelf, origin, name)));
      const newest = newestOfAll(all.filter(({ serial }) => isFrozen(serial)));
      for (const snapshot of all) {
        const { serial } = snapshot;
        const { mtime } = await stat(snapshotFile(shelf, origin, serial));
        const isHeld =
          shelf === own && isFrozen(serial) && (await readHold(archive, origin, serial)) !== undefined;
        known.push({
          ...{ shelf, origin, serial, lastUse: mtime, isHeld },
          isNewest: newest.has(serial),
          isNamed: isNamed(snapshot, named),
        });
      }
    }
  }
  return known;
}

/** Serials of those that no later one of the same archive stands in for. Pure. @param snapshots oldest first */
export function newestOfAll(snapshots: readonly Snapshot[]): ReadonlySet<string> {
  const standsInFor = (later: Snapshot, snapshot: Snapshot): boolean =>
    covers(later, holdingsOf(snapshot)) && sharesSigners(later, snapshot);
  const newest = snapshots.filter(
    (snapshot, index) => !snapshots.slice(index + 1).some((later) => standsInFor(later, snapshot)),
  );
  return new Set(newest.map(({ serial }) => serial));
}

export interface ExpireRequest extends Limits {
  readonly archive: string;
  /** What checkouts are frozen to: it stays. */
  readonly named: readonly NamedState[];
  /** Say what would go, and remove nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

export interface Expired {
  readonly snapshots: readonly { readonly origin: string; readonly serial: string }[];
  readonly files: number;
  readonly bytes: number;
  /** How many snapshots stay only because a checkout names them. */
  readonly named: number;
}

/**
 * The caller holds the archive for itself.
 * @throws MayflyError `archive.damaged` when nobody can say what is needed: nothing is removed then
 */
export async function expire(request: ExpireRequest): Promise<Expired> {
  const { archive, dryRun } = request;
  const known = await knownSnapshots(archive, request.named);
  const gone = expiredSnapshots(known, request);
  const named = unusedSnapshots(known, request).length - gone.length;
  const without = new Set(gone.map(({ shelf, origin, serial }) => snapshotFile(shelf, origin, serial)));
  const needed = await neededFiles(archive, without, request.signal);
  if (!dryRun) for (const file of without) await rm(file, { force: true });
  const swept = await sweep(request, needed.files);
  if (!dryRun) {
    await sweepCatalogs(archive, needed.indexes);
    await sweepKilled(request);
  }
  return { snapshots: gone.map(({ origin, serial }) => ({ origin, serial })), ...swept, named };
}

async function sweep(
  { archive, dryRun, now, graceMs = GRACE_MS, signal }: ExpireRequest,
  needed: ReadonlySet<string>,
): Promise<{ files: number; bytes: number }> {
  let [files, bytes] = [0, 0];
  for await (const { sha256, path } of storedNames(archive)) {
    signal.throwIfAborted();
    if (needed.has(sha256)) continue;
    const { size, mtimeMs } = await stat(path);
    if (mtimeMs > now.getTime() - graceMs) continue;
    files += 1;
    bytes += size;
    if (!dryRun) await rm(path, { force: true });
  }
  return { files, bytes };
}

async function sweepCatalogs(archive: string, indexes: ReadonlySet<string>): Promise<void> {
  const { catalogs } = archiveParts(archive);
  for (const name of await namesIn(catalogs)) {
    if (!indexes.has(name.replace(/\.json.*$/, ''))) await rm(join(catalogs, name), { force: true });
  }
}

/** What commands that were killed had begun to write. */
async function sweepKilled({ archive, now, graceMs = GRACE_MS }: ExpireRequest): Promise<void> {
  const { tags, holds, checkouts, catalogs } = archiveParts(archive);
  const folders = [tags, checkouts, catalogs];
  for (const shelf of [...(await shelvesOf(archive)), holds])
    folders.push(...(await listOrigins(shelf)).map((origin) => join(shelf, origin)));
  for (const folder of folders) await sweepTemporary(folder, new Date(now.getTime() - graceMs));
}
