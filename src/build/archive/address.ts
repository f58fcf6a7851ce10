/** Where the states of each origin come from: the project's archive, or one of the origin's own. Pure. */
import type { ArchiveAddress, ArchiveConfig } from '../../config/config.js';
import { snapshotUrl, taggedUrl, type SnapshotService } from '../../snapshots/archive-url.js';
import { LATEST } from '../../snapshots/serial.js';
import type { PlannedArchive, PlannedOrigin, PlannedState } from './origins.js';

/** Of an origin, as the settings have it. */
export const addressOf = (archive: ArchiveConfig, origin: string): ArchiveAddress =>
  archive.origins[origin]?.address ?? archive;

/** The same of one that is planned. */
export const plannedAddress = (
  archive: PlannedArchive,
  planned: Pick<PlannedOrigin, 'address'> | undefined,
): ArchiveAddress => planned?.address ?? archive;

export function serviceOf({ kind, url, taggedUrl: tagged }: ArchiveAddress): SnapshotService | undefined {
  return kind === 'local' || kind === 'mirror' || url === undefined
    ? undefined
    : { kind, url, taggedUrl: tagged };
}

/** A state of such an origin is upstream at this URL; undefined while nobody knows which state it is. */
export function stateUrl(
  address: ArchiveAddress,
  { origin, upstream }: Pick<PlannedOrigin, 'origin' | 'upstream'>,
  { serial, tagged }: PlannedState,
): string | undefined {
  const service = serviceOf(address);
  if (service === undefined) return upstream;
  if (tagged === true) return taggedUrl(service, serial, origin);
  return serial === LATEST ? undefined : snapshotUrl(service, origin, serial);
}

/** It has no states: whatever the mirror has at the moment. */
export const isMirror = ({ kind }: Pick<ArchiveAddress, 'kind'>): boolean => kind === 'mirror';

export const mirroredOrigins = (archive: PlannedArchive): readonly PlannedOrigin[] =>
  archive.origins.filter((planned) => isMirror(plannedAddress(archive, planned)));

/** Whether any origin has states, which the local archive serves. */
export const hasStates = (archive: PlannedArchive): boolean =>
  mirroredOrigins(archive).length < archive.origins.length;

/** Names the settings by which origins come from a mirror; undefined when none does. */
export function mirrorSettings(archive: PlannedArchive): string | undefined {
  const mirrored = mirroredOrigins(archive);
  if (mirrored.length === 0) return undefined;
  const own = mirrored.filter(({ address }) => address !== undefined);
  if (own.length < mirrored.length) return 'archive.kind is mirror';
  return own.map(({ origin }) => `archive.origins.${origin}.kind is mirror`).join(' and ');
}
