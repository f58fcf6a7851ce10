/**
 * The snapshot that a serial stands for. A serial counts the snapshots of one archive, so that of
 * another host may mean something else: where Git names the InRelease files too, they decide.
 */
import { MayflyError } from '../../errors.js';
import {
  findState,
  hasReleases,
  listSerials,
  readSnapshot,
  type Releases,
  type Snapshot,
} from './snapshot.js';

export interface SnapshotQuery {
  readonly shelf: string;
  readonly origin: string;
  /** Or the tag of a service. */
  readonly serial: string;
  /** Empty where only the serial is known. */
  readonly releases: Releases;
  /** Snapshots that tags keep. */
  readonly tagged: readonly Snapshot[];
}

/** Undefined when the archive has no such state. */
export async function findSnapshot(query: SnapshotQuery): Promise<Snapshot | undefined> {
  const { shelf, origin, serial, releases } = query;
  const named = await findState(shelf, origin, serial);
  if (named !== undefined && hasReleases(named, releases)) return named;
  const tagged = query.tagged.filter((snapshot) => snapshot.origin === origin);
  const same = tagged.find((snapshot) => snapshot.serial === serial && hasReleases(snapshot, releases));
  if (same !== undefined || Object.keys(releases).length === 0) return same;
  // The same state under another serial.
  const found = tagged.find((snapshot) => hasReleases(snapshot, releases));
  if (found !== undefined) return found;
  for (const other of [...(await listSerials(shelf, origin))].reverse()) {
    const snapshot = await readSnapshot(shelf, origin, other);
    if (hasReleases(snapshot, releases)) return snapshot;
  }
  return undefined;
}

/** Of a state that was not found: whether its serial is there, and means something else on this host. */
export async function isOther({ shelf, origin, serial }: SnapshotQuery): Promise<boolean> {
  return (await findState(shelf, origin, serial)) !== undefined;
}

/** The archive has no such state; says what it has, and what can be done. */
export async function unknownSnapshot(query: SnapshotQuery): Promise<MayflyError> {
  const { shelf, origin, serial } = query;
  const known = await listSerials(shelf, origin);
  const ways =
    'Ways out: import it (mayfly snapshots import), have it served from where it is (archive.kind: serials and archive.url in builder.yaml), or freeze to another (mayfly snapshots freeze).';
  if (await isOther(query)) {
    return new MayflyError(
      'host',
      'snapshot.other',
      `The snapshot ${serial} of ${origin} on this host is another state than the one that the project is frozen to.`,
      {
        details: ['Serials count the snapshots of one host; its InRelease files are not those in Git.'],
        hint: ways,
      },
    );
  }
  return new MayflyError('host', 'snapshot.unknown', `The archive has no snapshot ${serial} of ${origin}.`, {
    details: known.length === 0 ? [] : [`It has: ${known.slice(-8).join(', ')}`],
    hint: ways,
  });
}
