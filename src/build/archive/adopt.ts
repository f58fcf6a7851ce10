/** Records a state of a snapshot service in the local archive, so that it works without the service from then on. */
import { MayflyError } from '../../errors.js';
import { snapshotUrl, taggedUrl } from '../../snapshots/archive-url.js';
import { unknownSnapshot, type SnapshotQuery } from '../../snapshots/local/find-snapshot.js';
import { hasReleases, type Snapshot } from '../../snapshots/local/snapshot.js';
import { adoptSnapshot } from '../../snapshots/local/take.js';
import { addressOf, serviceOf } from './address.js';
import type { PlannedState, SerialSet } from './origins.js';
import type { StateSource } from './states.js';
import { lockOrigin, originRequest, useArchive, type ArchiveSettings } from './take-origin.js';

/** @throws MayflyError `snapshot.vanished` when the service has it no more, `snapshot.other` and its like */
export async function adopt(
  source: StateSource,
  query: SnapshotQuery,
  of: SerialSet,
  state: PlannedState,
  found: Snapshot | undefined,
): Promise<Snapshot> {
  const { context, config, builderFolder } = source.request;
  const { origin, serial, shelf } = query;
  const request = originRequest(context, config, origin, builderFolder, await source.upstream(), of);
  await using _lock = await lockOrigin(context, origin);
  await using _archive = await useArchive(context);
  try {
    const url = urlOf(config, origin, state);
    const snapshot = await adoptSnapshot({ ...request, url }, shelf, serial, found);
    if (hasReleases(snapshot, state.releases)) return snapshot;
  } catch (error) {
    const isGone = error instanceof MayflyError && error.code === 'archive.not-found';
    throw isGone ? vanished(origin, serial, error) : error;
  }
  throw await unknownSnapshot(query);
}

function urlOf(config: ArchiveSettings, origin: string, { serial, tagged }: PlannedState): string {
  const service = serviceOf(addressOf(config.archive, origin));
  const url =
    service === undefined
      ? undefined
      : tagged === true
        ? taggedUrl(service, serial, origin)
        : snapshotUrl(service, origin, serial);
  if (url === undefined) throw new Error('This archive is no snapshot service.');
  return url;
}

function vanished(origin: string, serial: string, cause: MayflyError): MayflyError {
  return new MayflyError(
    'host',
    'snapshot.vanished',
    `The snapshot service has no snapshot ${serial} of ${origin}, or has it no more.`,
    {
      details: [cause.message],
      hint: 'Ways out: freeze to another (mayfly snapshots freeze); import a bundle of it (mayfly snapshots import); or, of a release, use tagged snapshots (archive.tagged_url).',
      cause,
    },
  );
}
