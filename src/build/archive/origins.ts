/** What a build takes from each origin, as values. Pure. */
import { isAbsolute, join } from 'node:path';
import type { ArchiveSource } from '../../basebox/recipe.js';
import type { ArchiveConfig, ArchiveKind, OriginConfig } from '../../config/config.js';
import type { SnapshotService } from '../../snapshots/archive-url.js';
import { SECURITY_ORIGIN, unfrozenOrigins } from '../../snapshots/freeze.js';
import { LATEST } from '../../snapshots/serial.js';

export const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Stands for wherever the archive is served: on the host at a port of the moment, in the guest at
 * GUEST_ARCHIVE. So the plan of a build is the same wherever it runs.
 */
export const ARCHIVE = 'http://archive.mayfly';
/** Where the guest reaches it: the other end of a tunnel. */
export const GUEST_ARCHIVE_PORT = 3143;
export const GUEST_ARCHIVE = `http://127.0.0.1:${GUEST_ARCHIVE_PORT}`;

export interface PlannedOrigin {
  readonly origin: string;
  /** The mirror that snapshots are taken from; undefined for a snapshot service. */
  readonly upstream: string | undefined;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Path on this host. */
  readonly keyring: string;
  /** What the serial files hold. */
  readonly wanted: { readonly box: string; readonly image: string };
  /** The states that are used; `latest` where none is known yet, and of a mirror. */
  readonly serial: { readonly box: string; readonly image: string };
}

export interface PlannedArchive {
  readonly kind: ArchiveKind;
  readonly url: string | undefined;
  readonly taggedUrl: string | undefined;
  readonly origins: readonly PlannedOrigin[];
}

export function serviceOf(
  archive: Pick<ArchiveConfig, 'kind' | 'url' | 'taggedUrl'>,
): SnapshotService | undefined {
  const { kind, url, taggedUrl } = archive;
  return kind === 'local' || kind === 'mirror' || url === undefined ? undefined : { kind, url, taggedUrl };
}

export function keyringOf(settings: OriginConfig, builderFolder: string): string {
  const { keyring } = settings;
  if (keyring === undefined) return DEBIAN_KEYRING;
  return isAbsolute(keyring) ? keyring : join(builderFolder, keyring);
}

/** The origins at `latest` that may not be, of the base box or of the image. */
export function movingOrigins(archive: PlannedArchive, of: 'box' | 'image'): readonly string[] {
  // A box takes nothing from an origin without suites: of that one the build is told the serial.
  const taken = archive.origins.filter(({ suites }) => of === 'image' || suites.length > 0);
  return unfrozenOrigins(Object.fromEntries(taken.map(({ origin, wanted }) => [origin, wanted[of]])));
}

/** Frozen: of the same commit, the same packages, but for fixes of security. */
export function isFrozenProject(archive: PlannedArchive): boolean {
  return movingOrigins(archive, 'box').length === 0 && movingOrigins(archive, 'image').length === 0;
}

/** What a person should know of the archive before the build. */
export function archiveWarnings(archive: PlannedArchive): readonly string[] {
  const moving = [...new Set([...movingOrigins(archive, 'box'), ...movingOrigins(archive, 'image')])];
  if (moving.length === 0) return [];
  const states = archive.origins
    .filter(({ origin }) => moving.includes(origin))
    .map(({ origin, serial }) => `${origin} ${[...new Set([serial.box, serial.image])].join(' and ')}`);
  const how =
    archive.kind === 'mirror'
      ? 'packages are what the mirror has now'
      : `the newest state is used: ${states.join(', ')}`;
  return [`Not frozen: ${moving.join(', ')} at latest, so ${how}. \`mayfly snapshots freeze\` pins it.`];
}

/**
 * What the base box is made from. debian-security at `latest` is no part of a frozen box, which
 * would be another one every day: its fixes are installed when a VM boots.
 */
export function boxSources(archive: PlannedArchive): readonly ArchiveSource[] {
  const frozen = movingOrigins(archive, 'box').length === 0;
  return archive.origins
    .filter(({ origin, wanted }) => !(frozen && origin === SECURITY_ORIGIN && wanted.box === LATEST))
    .map((planned) => sourceOf(archive, planned, 'box'));
}

/** What the VM itself, and the image, are made from. */
export function allSources(archive: PlannedArchive, of: 'box' | 'image'): readonly ArchiveSource[] {
  return archive.origins.map((planned) => sourceOf(archive, planned, of));
}

function sourceOf(archive: PlannedArchive, planned: PlannedOrigin, of: 'box' | 'image'): ArchiveSource {
  const { origin, suites, components, keyring, upstream } = planned;
  const serial = planned.serial[of];
  const url =
    archive.kind === 'mirror' && upstream !== undefined ? upstream : `${ARCHIVE}/${origin}/${serial}`;
  return { origin, url, suites, components, keyring, serial };
}

/** The same source where the archive is served at this address. */
export function servedAt(source: ArchiveSource, address: string): ArchiveSource {
  return { ...source, url: source.url.replace(ARCHIVE, address) };
}
