/** What the variable APT_SNAPSHOTS_SERIALS decides, and where it contradicts what is fixed without it. Pure. */
import { isFrozen } from '../../snapshots/serial.js';
import type { FrozenState, Serials } from '../../snapshots/serial-files.js';
import { tagOf, type ReleaseStates } from './release.js';

/** Origin → state. */
export type States = Readonly<Record<string, FrozenState>>;

/** Of a release's own serial its tag knows more. */
export function givenStates(serials: Serials, released: ReleaseStates): States {
  return Object.fromEntries(
    Object.entries(serials).map(([origin, serial]) => {
      const kept = released.image[origin];
      return [origin, kept?.serial === serial ? kept : { serial, releases: {} }];
    }),
  );
}

/**
 * One warning, or none.
 * @param inGit what the image's serial files hold
 */
export function contradictions(given: States, released: ReleaseStates, inGit: States): readonly string[] {
  const against = Object.entries(given).flatMap(([origin, { serial }]) => {
    const state = inGit[origin];
    // Of an origin that this project does not have nobody asks.
    if (state === undefined) return [];
    const tag = tagOf(released, origin);
    const kept = released.image[origin]?.serial;
    const fixed = tag ?? kept ?? state.serial;
    if (fixed === serial || (tag === undefined && !isFrozen(fixed))) return [];
    const where =
      tag === undefined
        ? kept === undefined
          ? `the ${fixed} of Git`
          : `the ${fixed} of this release`
        : `the tagged snapshot ${fixed} of this release`;
    return [`${origin} ${serial} in place of ${where}`];
  });
  return against.length === 0 ? [] : [`APT_SNAPSHOTS_SERIALS decides: ${against.join(', ')}.`];
}
