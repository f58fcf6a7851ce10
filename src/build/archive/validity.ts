/** How long the states of a build are valid: what a person should know before it is too late. Pure. */
import { MayflyError } from '../../errors.js';
import { LATEST } from '../../snapshots/serial.js';
import type { ArchiveKind } from '../../config/config.js';
import { plannedAddress } from './address.js';
import type { PlannedArchive, PlannedState } from './origins.js';

const DAY_MS = 24 * 3600 * 1000;
/** Serials of a service are kept for ten days or so: a week is time to act. */
const SOON_DAYS = 7;

/**
 * Valid-Until of a frozen state means something of a service with serials only: it removes the state
 * then. What the local archive keeps it keeps, and a service of timestamps never removes any. Of a
 * state at `latest` it says how fresh the fixes of security are.
 */
export function validityWarnings(archive: PlannedArchive, now: Date): readonly string[] {
  return eachState(archive).flatMap(({ origin, kind, state }) => {
    const until = validUntil(state);
    if (until === undefined) return [];
    const left = until.getTime() - now.getTime();
    const day = until.toISOString().slice(0, 10);
    if (state.wanted === LATEST && left < 0) {
      return [
        `The newest state of ${origin} that is stored here, ${state.serial}, was valid until ${day} only: it is old. Without --offline a newer one is looked for.`,
      ];
    }
    if (kind !== 'serials' || state.wanted === LATEST || left < 0 || left > SOON_DAYS * DAY_MS) return [];
    return [
      `The snapshot ${state.serial} of ${origin} is valid until ${day} only: the service removes it then. Have it kept, or freeze to a newer one.`,
    ];
  });
}

/** @throws MayflyError `snapshot.expired` when a service says that a state is no longer to be used */
export function refuseExpired(archive: PlannedArchive, now: Date): void {
  const expired = eachState(archive).filter(({ kind, state }) => {
    const until = validUntil(state);
    return (
      kind === 'serials' && until !== undefined && state.tagged !== true && until.getTime() < now.getTime()
    );
  });
  const [first] = expired;
  if (first === undefined) return;
  throw new MayflyError(
    'host',
    'snapshot.expired',
    `The snapshot ${first.state.serial} of ${first.origin} was valid until ${first.state.validUntil?.slice(0, 10) ?? ''}.`,
    {
      details: expired.map(({ origin, state }) => `${origin} ${state.serial}: ${state.validUntil ?? ''}`),
      hint: 'Ways out: have the service move that date, or take a newer one (`mayfly snapshots take`, on the host of mayfly snapshots serve); freeze to a newer one (mayfly snapshots freeze), which writes InRelease.sha256 where the local archive has it: then no date counts; or, of a release, use tagged snapshots (archive.tagged_url).',
    },
  );
}

const validUntil = ({ validUntil: text }: PlannedState): Date | undefined =>
  text === undefined ? undefined : new Date(text);

/** Each state once. */
function eachState(
  archive: PlannedArchive,
): readonly { origin: string; kind: ArchiveKind; state: PlannedState }[] {
  return archive.origins.flatMap((planned) => {
    const { origin, box, image } = planned;
    const { kind } = plannedAddress(archive, planned);
    return (box.serial === image.serial ? [image] : [box, image]).map((state) => ({ origin, kind, state }));
  });
}
