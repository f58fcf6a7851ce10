/** States that a plan names and that are not stored on this host: what a build would do about them. Pure. */
import type { ArchiveAddress } from '../../config/config.js';
import { plannedAddress, serviceOf } from './address.js';
import type { PlannedArchive, PlannedState } from './origins.js';

/** @param offline a build may fetch nothing */
export function missingWarnings(archive: PlannedArchive, offline: boolean): readonly string[] {
  const missing = archive.origins.flatMap((planned) =>
    [planned.box, planned.image]
      .filter((state) => state.missing !== undefined)
      .map((state) => ({
        name: nameOf(planned.origin, state),
        outcome: outcomeOf(plannedAddress(archive, planned), state, offline),
      })),
  );
  return OUTCOMES.flatMap((outcome) => {
    const names = new Set(missing.filter((state) => state.outcome === outcome).map(({ name }) => name));
    return names.size === 0 ? [] : [`Not stored on this host: ${[...names].join(', ')}. ${WORDS[outcome]}`];
  });
}

const OUTCOMES = ['offline', 'unlisted', 'mirror', 'service'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** What a build does. */
const WORDS: Readonly<Record<Outcome, string>> = {
  offline:
    'A build with --offline is refused. Build once without it, or import what is missing (mayfly snapshots import).',
  unlisted:
    'Without checksums in Git (InRelease.sha256) no mirror is asked: a build is refused. Import what is missing (mayfly snapshots import), or freeze to another (mayfly snapshots freeze).',
  mirror:
    'A build asks the mirror, and is refused when that has another state by now: then import what is missing (mayfly snapshots import), or freeze to another (mayfly snapshots freeze).',
  service: 'A build asks the snapshot service for them.',
};

function outcomeOf(address: ArchiveAddress, { releases }: PlannedState, offline: boolean): Outcome {
  if (offline) return 'offline';
  if (serviceOf(address) !== undefined) return 'service';
  return Object.keys(releases).length === 0 ? 'unlisted' : 'mirror';
}

const nameOf = (origin: string, { serial, missing }: PlannedState): string =>
  `${origin} ${serial}${missing === 'other' ? ' (that serial is another state here)' : ''}`;
