/** What a plan says of states that are not stored on this host. */
import { describe, expect, it } from 'vitest';
import { missingWarnings } from '../../../src/build/archive/missing.js';
import type { PlannedArchive, PlannedState } from '../../../src/build/archive/origins.js';
import { PLAN } from './plan/plan-value.js';

const known: PlannedState = { wanted: '2026010203', serial: '2026010203', releases: { trixie: 'ab' } };
const gone: PlannedState = { ...known, missing: 'unknown' };

function archive(box: PlannedState, image: PlannedState, change: Partial<PlannedArchive> = {}) {
  const origins = PLAN.archive.origins.map((origin) => ({ ...origin, box, image }));
  return { ...PLAN.archive, origins, ...change };
}

const service = { kind: 'serials', url: 'http://service.example' } as const;

describe('of states that are not stored', () => {
  it.each([
    [
      'whose checksums are known',
      archive(gone, known),
      false,
      /^[^.]*debian 2026010203\. A build asks the mirror/,
    ],
    ['of which nothing is known', archive(known, { ...gone, releases: {} }), false, /a build is refused/],
    ['of a service', archive(gone, gone, service), false, /A build asks the snapshot service/],
    ['with --offline', archive(gone, gone), true, /A build with --offline is refused/],
    ['of a service, with --offline', archive(gone, gone, service), true, /--offline is refused/],
    [
      'with a serial of another state',
      archive({ ...gone, missing: 'other' }, known),
      false,
      /debian 2026010203 \(that serial is another state here\)/,
    ],
  ])('%s, one warning says what a build does', (_name, planned, offline, words) => {
    expect(missingWarnings(planned, offline)).toEqual([expect.stringMatching(words)]);
  });

  it('each is named once, and none where all are stored', () => {
    const other = { ...gone, serial: '2026010301' };
    expect(missingWarnings(archive(gone, other), true)).toEqual([
      expect.stringContaining('debian 2026010203, debian 2026010301. '),
    ]);
    expect(missingWarnings(archive(known, known), true)).toEqual([]);
  });
});
