/** What a build takes from each origin, as values. Pure. */
import { isAbsolute, join } from 'node:path';
import type { ArchiveSource } from '../../basebox/recipe.js';
import type { ArchiveAddress, NetworkChoice, OriginConfig } from '../../config/config.js';
import { SECURITY_ORIGIN } from '../../snapshots/freeze.js';
import type { Releases } from '../../snapshots/local/snapshot.js';
import { LATEST } from '../../snapshots/serial.js';
import { hasStates, isMirror, mirrorSettings, plannedAddress } from './address.js';

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
  /** What the base box and the VM are made from. */
  readonly box: PlannedState;
  /** What the image is made from. */
  readonly image: PlannedState;
  /** Where its states come from. Undefined: from where those of the archive do. */
  readonly address?: ArchiveAddress;
  /** Where these states are upstream, as far as it is known; where any origin of the project has an own address. */
  readonly urls?: Readonly<Record<SerialSet, string | undefined>>;
}

/** A state of an origin. */
export interface PlannedState {
  /** What the serial file holds. */
  readonly wanted: string;
  /** The state that is used; `latest` where none is known yet, and of a mirror; of a tagged snapshot the tag. */
  readonly serial: string;
  /** It is a service's tagged snapshot. */
  readonly tagged?: true;
  /** Not stored on this host, as a plan that no build follows found; `other`: its serial means another state here. */
  readonly missing?: 'unknown' | 'other';
  /** Suite → SHA-256 of its InRelease file: what the serial stands for. Empty where it is not known. */
  readonly releases: Releases;
  /** When the first of its suites stops to be valid, ISO 8601; of a state that is stored, and named by a serial alone. */
  readonly validUntil?: string;
}

/** The two sets of serials that a project has. */
export type SerialSet = 'box' | 'image';

export interface PlannedArchive extends ArchiveAddress {
  /** Whatever is not in the plan is refused. */
  readonly pinned: boolean;
  readonly origins: readonly PlannedOrigin[];
}

export function keyringOf(settings: OriginConfig, builderFolder: string): string {
  const { keyring } = settings;
  if (keyring === undefined) return DEBIAN_KEYRING;
  return isAbsolute(keyring) ? keyring : join(builderFolder, keyring);
}

/** The origins at `latest` that may not be, of the base box or of the image. */
export function movingOrigins(archive: PlannedArchive, of: SerialSet): readonly string[] {
  return (
    archive.origins
      // A box takes nothing from an origin without suites: of that one the build is told the serial.
      .filter(({ suites }) => of === 'image' || suites.length > 0)
      .filter((planned) => planned.origin !== SECURITY_ORIGIN && isMoving(planned[of]))
      .map(({ origin }) => origin)
  );
}

const isMoving = ({ wanted, tagged }: PlannedState): boolean => tagged !== true && wanted === LATEST;

/** Frozen: of the same commit, the same packages, but for fixes of security. */
export function isFrozenProject(archive: PlannedArchive): boolean {
  return movingOrigins(archive, 'box').length === 0 && movingOrigins(archive, 'image').length === 0;
}

/** Origins that a mirror serves in whatever state it has, whatever their serials say. */
const isMirrored = (archive: PlannedArchive, planned: PlannedOrigin): boolean =>
  isMirror(plannedAddress(archive, planned)) && planned.suites.length > 0;

/** Origin → the serial that the build is told: what a mirror has is `latest`. */
export function toldSerials(archive: PlannedArchive): Readonly<Record<string, string>> {
  return Object.fromEntries(
    archive.origins.map((planned) => [
      planned.origin,
      isMirrored(archive, planned) ? LATEST : planned.image.serial,
    ]),
  );
}

/** What a person should know of the archive's serials before the build. */
export function movingWarnings(archive: PlannedArchive): readonly string[] {
  const isUnused = (planned: PlannedOrigin): boolean =>
    isMirrored(archive, planned) && [planned.box, planned.image].some(({ wanted }) => wanted !== LATEST);
  const unused = archive.origins.some(isUnused)
    ? [`${mirrorSettings(archive) ?? ''}: ${hasStates(archive) ? 'its' : 'the'} serials in Git are not used.`]
    : [];
  return [...unused, ...notFrozen(archive)];
}

/** What a person should know where no fix of security can be installed when the VM boots. */
export function fixesWarnings({ origins }: PlannedArchive, network: NetworkChoice): readonly string[] {
  const planned = origins.find(({ origin }) => origin === SECURITY_ORIGIN);
  if (network !== 'none' || planned?.box.wanted !== LATEST || planned.suites.length === 0) return [];
  return [
    `Fixes of ${SECURITY_ORIGIN} are not installed in the VM, which reaches nothing (vm.network: none).`,
  ];
}

function notFrozen(archive: PlannedArchive): readonly string[] {
  const moving = [...new Set([...movingOrigins(archive, 'box'), ...movingOrigins(archive, 'image')])];
  if (moving.length === 0) return [];
  const planned = archive.origins.filter(({ origin }) => moving.includes(origin));
  const mirrored = planned.filter((origin) => isMirror(plannedAddress(archive, origin)));
  const states = planned
    .filter((origin) => !mirrored.includes(origin))
    .map(({ origin, box, image }) => stateOf(origin, new Set([box.serial, image.serial])));
  const which = states.length === 0 ? '' : ` of ${mirrored.map(({ origin }) => origin).join(', ')}`;
  const how = [
    ...(states.length === 0 ? [] : [`the newest state is used: ${states.join(', ')}`]),
    ...(mirrored.length === 0 ? [] : [`packages${which} are what the mirror has now`]),
  ].join('; ');
  return [`Not frozen: ${moving.join(', ')} at latest, so ${how}. \`mayfly snapshots freeze\` pins it.`];
}

/** A plan that asks nobody does not know yet which state is the newest. */
const stateOf = (origin: string, serials: ReadonlySet<string>): string =>
  serials.has(LATEST) ? origin : `${origin} ${[...serials].join(' and ')}`;

/**
 * What the base box is made from. debian-security at `latest` is no part of a frozen box, which
 * would be another one every day: its fixes are installed when a VM boots.
 */
export function boxSources(archive: PlannedArchive): readonly ArchiveSource[] {
  const frozen = movingOrigins(archive, 'box').length === 0;
  return archive.origins
    .filter(({ origin, box }) => !(frozen && origin === SECURITY_ORIGIN && box.wanted === LATEST))
    .map((planned) => sourceOf(archive, planned, 'box'));
}

/** What the VM itself, and the image, are made from. */
export function allSources(archive: PlannedArchive, of: SerialSet): readonly ArchiveSource[] {
  return archive.origins.map((planned) => sourceOf(archive, planned, of));
}

function sourceOf(archive: PlannedArchive, planned: PlannedOrigin, of: SerialSet): ArchiveSource {
  const { origin, suites, components, keyring, upstream } = planned;
  const { serial, releases, tagged } = planned[of];
  const path = tagged === true ? `${serial}/${origin}` : `${origin}/${serial}`;
  const isFromMirror = isMirror(plannedAddress(archive, planned)) && upstream !== undefined;
  const url = isFromMirror ? upstream : `${ARCHIVE}/${path}`;
  // What a mirror has is what it has now, whatever is frozen: its dates are looked at.
  return { origin, url, suites, components, keyring, serial: isFromMirror ? LATEST : serial, releases };
}

/** The same source where the archive is served at this address. */
export function servedAt(source: ArchiveSource, address: string): ArchiveSource {
  return { ...source, url: source.url.replace(ARCHIVE, address) };
}
