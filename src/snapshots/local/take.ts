/**
 * Takes a snapshot: records what an origin publishes now. Index files are fetched and kept as they
 * are published, signatures verified; pool files come later, when somebody wants them.
 */
import { MayflyError } from '../../errors.js';
import { nextSerial } from '../serial.js';
import { covers, holdingsOf, newestCovering, type Wanted } from './covers.js';
import { fetchSuite, type OriginRequest } from './fetch-suite.js';
import { archiveParts } from './layout.js';
import { signedFor } from './signers.js';
import {
  addSnapshot,
  findState,
  listSerials,
  replaceSnapshot,
  type Snapshot,
  type SnapshotSuite,
} from './snapshot.js';

export interface Taken {
  readonly snapshot: Snapshot;
  /** False when the origin has not changed since the newest snapshot that holds as much, which is then the answer. */
  readonly isNew: boolean;
  /** Suites of which the mirror has an older state than the newest snapshot, which is then the answer. */
  readonly wentBack: readonly string[];
  /** Bytes fetched from upstream. */
  readonly fetchedBytes: number;
}

/** A mirror in the middle of an update has a Release file whose index files are gone. */
const ATTEMPTS = 3;

/**
 * The caller holds the lock of the origin.
 * @throws MayflyError of kind `host`; the archive is then as it was
 */
export async function takeSnapshot(request: OriginRequest): Promise<Taken> {
  return await whileMoving(request, () => attemptToTake(request));
}

/**
 * Records the state that a snapshot service has under a serial, or what is recorded of it already. What
 * another project wanted of it stays in its record: else two of them would take turns in replacing it.
 * @param request url: that of the origin in this state
 * @throws MayflyError of kind `host`; the archive is then as it was
 */
export async function adoptSnapshot(
  request: OriginRequest,
  shelf: string,
  serial: string,
  known: Snapshot | undefined,
): Promise<Snapshot> {
  if (known !== undefined && covers(known, request)) return known;
  const recorded = await findState(shelf, request.origin, serial);
  const all = recorded === undefined ? request : { ...request, ...joined(request, holdingsOf(recorded)) };
  return await whileMoving(request, async () => {
    const suites = await Promise.all(
      all.suites.map(async (suite) => {
        try {
          return [(await fetchSuite(all, suite)).suite];
        } catch (error) {
          // What nobody asks for now may be gone, or signed by a key of the other project's: what is known of it stays.
          const isOthers = !request.suites.includes(suite) && error instanceof MayflyError;
          if (!isOthers || error.kind === 'interrupted') throw error;
          return recorded?.suites.filter((known) => known.suite === suite) ?? [];
        }
      }),
    );
    const snapshot = snapshotOf(all, serial, suites.flat());
    await replaceSnapshot(shelf, snapshot);
    return snapshot;
  });
}

/** All that either wants. Pure. */
function joined(one: Wanted, other: Wanted): Wanted {
  const join = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])];
  return {
    suites: join(one.suites, other.suites),
    components: join(one.components, other.components),
    architectures: join(one.architectures, other.architectures),
  };
}

async function whileMoving<T>(request: OriginRequest, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const isMoving =
        error instanceof MayflyError &&
        (error.code === 'archive.not-found' || error.code === 'archive.wrong-file');
      if (!isMoving || attempt === ATTEMPTS) throw error;
      request.progress(`${request.origin}: the mirror changes at this moment; trying again`);
    }
  }
}

async function attemptToTake(request: OriginRequest): Promise<Taken> {
  const { archive, origin, now } = request;
  const shelf = archiveParts(archive).snapshots;
  const taken = await Promise.all(request.suites.map((suite) => fetchSuite(request, suite)));
  const suites = taken.map((part) => part.suite);
  const fetchedBytes = taken.reduce((sum, part) => sum + part.fetchedBytes, 0);
  for (const suite of suites) refuseStale(suite, request);
  const scratch = archiveParts(archive).incoming;
  const newest = await newestCovering(shelf, origin, request, signedFor({ ...request, scratch }));
  if (newest !== undefined) {
    const wentBack = suites
      .filter((suite) => isOlder(suite, sameSuite(newest, suite)))
      .map(({ suite }) => suite);
    const isSame = suites.every(
      (suite) => sameSuite(newest, suite)?.inRelease.sha256 === suite.inRelease.sha256,
    );
    if (isSame || wentBack.length > 0) return { snapshot: newest, isNew: false, wentBack, fetchedBytes };
  }
  const snapshot = snapshotOf(request, nextSerial(await listSerials(shelf, origin), now), suites);
  if (!(await addSnapshot(shelf, snapshot))) {
    throw new MayflyError(
      'host',
      'snapshot.taken',
      `The snapshot ${snapshot.serial} of ${origin} was taken by another process at this moment.`,
      { hint: 'Try again.' },
    );
  }
  return { snapshot, isNew: true, wentBack: [], fetchedBytes };
}

function snapshotOf(request: OriginRequest, serial: string, suites: readonly SnapshotSuite[]): Snapshot {
  return {
    schema: 1,
    origin: request.origin,
    serial,
    takenAt: request.now.toISOString(),
    upstream: request.url,
    components: [...request.components],
    architectures: [...request.architectures],
    suites: [...suites],
  };
}

const sameSuite = (known: Snapshot, suite: SnapshotSuite): SnapshotSuite | undefined =>
  known.suites.find((candidate) => candidate.suite === suite.suite);

/** A mirror that lags, or somebody who plays an old state: fixes that are known here must not get lost. */
function isOlder(suite: SnapshotSuite, before: SnapshotSuite | undefined): boolean {
  return before !== undefined && Date.parse(suite.date) < Date.parse(before.date);
}

/** What a mirror publishes now must be valid now, as APT wants it (apt-secure(8)). */
function refuseStale({ suite, validUntil }: SnapshotSuite, request: OriginRequest): void {
  if (validUntil === undefined || Date.parse(validUntil) > request.now.getTime()) return;
  throw new MayflyError(
    'host',
    'archive.stale',
    `The mirror's state of ${suite} was valid until ${validUntil.slice(0, 10)} only: ${request.url}.`,
    {
      hint: 'Is the clock of this host right? Else the mirror is no longer updated: name another (archive.origins in builder.yaml).',
    },
  );
}
