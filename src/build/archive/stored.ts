/** Snapshots of a project that are stored on this host: our own, those of its snapshot service, those of tags. */
import type { ArchiveAddress } from '../../config/config.js';
import { archiveFolder } from '../../paths.js';
import { findSnapshot, unknownSnapshot, type SnapshotQuery } from '../../snapshots/local/find-snapshot.js';
import { archiveParts, serviceShelf } from '../../snapshots/local/layout.js';
import type { Releases, Snapshot } from '../../snapshots/local/snapshot.js';
import { taggedSnapshots } from '../../snapshots/local/tag.js';
import type { Context } from '../context.js';
import { plannedAddress, serviceOf } from './address.js';
import type { PlannedArchive } from './origins.js';

export interface StoredState {
  readonly serial: string;
  readonly releases: Releases;
  /** It is a service's tagged snapshot. */
  readonly tagged?: true;
}

/** The folder that its snapshots are kept in. */
export function shelfOf(archive: string, address: ArchiveAddress, tagged: boolean): string {
  const service = serviceOf(address);
  if (service === undefined) return archiveParts(archive).snapshots;
  return serviceShelf(archive, (tagged ? service.taggedUrl : undefined) ?? service.url);
}

export async function queryFor(
  archive: string,
  address: ArchiveAddress,
  origin: string,
  { serial, releases, tagged }: StoredState,
): Promise<SnapshotQuery> {
  return {
    shelf: shelfOf(archive, address, tagged === true),
    origin,
    serial,
    releases,
    tagged: await taggedSnapshots(archive),
  };
}

/** What a state of a plan stands for. @throws MayflyError `snapshot.unknown`, `snapshot.other` */
export async function snapshotOf(
  context: Context,
  archive: PlannedArchive,
  origin: string,
  state: StoredState,
): Promise<Snapshot> {
  const address = plannedAddress(
    archive,
    archive.origins.find((planned) => planned.origin === origin),
  );
  const query = await queryFor(archiveFolder(context.home), address, origin, state);
  const found = await findSnapshot(query);
  if (found === undefined) throw await unknownSnapshot(query);
  return found;
}
