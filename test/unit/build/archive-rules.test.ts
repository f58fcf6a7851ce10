/** Rules about serials: of branches, of pinned projects, and of time. */
import { describe, expect, it } from 'vitest';
import {
  movingWarnings,
  toldSerials,
  type PlannedArchive,
  type PlannedState,
} from '../../../src/build/archive/origins.js';
import {
  branchMatches,
  checkBranchRule,
  checkPinned,
  refuseContradictions,
} from '../../../src/build/archive/rules.js';
import { archiveAddress } from '../../../src/build/archive/used.js';
import { refuseExpired, validityWarnings } from '../../../src/build/archive/validity.js';
import { MayflyError } from '../../../src/errors.js';
import { PLAN } from './plan/plan-value.js';

const FROZEN: PlannedState = { wanted: '2026010203', serial: '2026010203', releases: {} };
const MOVING: PlannedState = { wanted: 'latest', serial: '2026010301', releases: {} };

function archive(image: PlannedState, change: Partial<PlannedArchive> = {}): PlannedArchive {
  const [debian] = PLAN.archive.origins;
  if (debian === undefined) throw new Error('the plan has no origin');
  const security = { ...debian, origin: 'debian-security', box: MOVING, image: MOVING };
  return { ...PLAN.archive, origins: [{ ...debian, box: FROZEN, image }, security], ...change };
}

function codeOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof MayflyError && error.kind === 'refused' ? error.code : String(error);
  }
}

describe('rules of branches', () => {
  const RULES = {
    stable: 'frozen',
    testing: 'frozen',
    devel: 'moving',
    'release/*': 'frozen',
    '*': 'any',
  } as const;

  it.each([
    ['stable', undefined, FROZEN, undefined],
    ['stable', undefined, MOVING, 'archive.must-be-frozen'],
    ['devel', undefined, MOVING, undefined],
    ['devel', undefined, FROZEN, 'archive.must-move'],
    ['release/1.0', undefined, MOVING, 'archive.must-be-frozen'],
    ['feature/x', undefined, MOVING, undefined],
  ] as const)('%s on %s', (name, base, image, code) => {
    expect(codeOf(() => checkBranchRule(RULES, { name, base, isRelease: false }, archive(image)))).toBe(code);
  });

  it('of the base branch count where a branch has none', () => {
    const rules = { stable: 'frozen', devel: 'moving' } as const;
    const ref = (base: string) => ({ name: 'feature/x', base, isRelease: false });
    expect(codeOf(() => checkBranchRule(rules, ref('stable'), archive(MOVING)))).toBe(
      'archive.must-be-frozen',
    );
    expect(codeOf(() => checkBranchRule(rules, ref('devel'), archive(FROZEN)))).toBe('archive.must-move');
    expect(codeOf(() => checkBranchRule(rules, ref('other'), archive(MOVING)))).toBeUndefined();
  });

  it('say nothing of a release', () => {
    const ref = { name: '1.0', base: 'devel', isRelease: true };
    expect(codeOf(() => checkBranchRule(RULES, ref, archive(FROZEN)))).toBeUndefined();
  });

  it.each([
    ['stable', 'stable', true],
    ['stable', 'unstable', false],
    ['release/*', 'release/1.0/x', true],
    ['*.x', '1.x', true],
    ['1.0', '1a0', false],
    ['v+*', 'v+1', true],
  ])('%s and %s: %s', (pattern, branch, fits) => {
    expect(branchMatches(pattern, branch)).toBe(fits);
  });
});

describe('a pinned project', () => {
  it.each([
    [archive(FROZEN), 'archive', 'vmproxy', undefined],
    [archive(FROZEN), 'none', 'noproxy', undefined],
    [archive(MOVING), 'archive', 'vmproxy', 'archive.not-pinned'],
    [archive(FROZEN), 'open', 'vmproxy', 'archive.not-pinned'],
    [archive(FROZEN), 'archive', 'extproxy', 'archive.not-pinned'],
    [archive(FROZEN, { kind: 'mirror' }), 'archive', 'vmproxy', 'archive.not-pinned'],
  ] as const)('%#', (value, network, proxy, code) => {
    const pinned = { ...value, pinned: true };
    expect(codeOf(() => checkPinned(pinned, network, proxy))).toBe(code);
    expect(codeOf(() => checkPinned(value, network, proxy))).toBeUndefined();
  });

  it('is told everything at once', () => {
    try {
      checkPinned({ ...archive(MOVING), kind: 'mirror', pinned: true }, 'open', 'vmproxy+extproxy');
      expect.unreachable();
    } catch (error) {
      expect((error as MayflyError).details).toHaveLength(4);
      expect((error as MayflyError).hint).toContain('archive.pinned: false');
    }
  });
});

describe('a mirror', () => {
  const mirror = archive(FROZEN, { kind: 'mirror' });

  it('uses no serials, says so where Git has some, and tells the build none', () => {
    expect(movingWarnings(mirror)).toEqual(['archive.kind is mirror: the serials in Git are not used.']);
    expect(toldSerials(mirror)).toEqual({ debian: 'latest', 'debian-security': 'latest' });
    expect(movingWarnings(archive(FROZEN))).toEqual([]);
    expect(toldSerials(archive(FROZEN))).toEqual({ debian: '2026010203', 'debian-security': '2026010301' });
  });

  it('has nothing of an origin without suites: the build is told its serial', () => {
    const [debian] = mirror.origins;
    if (debian === undefined) throw new Error('the plan has no origin');
    const told = { ...mirror, origins: [{ ...debian, suites: [] }] };
    expect(toldSerials(told)).toEqual({ debian: '2026010203' });
    expect(movingWarnings(told)).toEqual([]);
  });
});

describe('one serial that two hosts gave', () => {
  const [one, two] = ['a'.repeat(64), 'b'.repeat(64)];
  const both = (box: Readonly<Record<string, string>>, image: Readonly<Record<string, string>>) => {
    const planned = archive(FROZEN);
    const [debian] = planned.origins;
    if (debian === undefined) throw new Error('the plan has no origin');
    const state = { ...FROZEN, serial: '2026010203' };
    return {
      ...planned,
      origins: [{ ...debian, box: { ...state, releases: box }, image: { ...state, releases: image } }],
    };
  };

  it('is refused where box and image mean two states by it', () => {
    const planned = both({ trixie: one, updates: one }, { trixie: two, updates: one });
    try {
      refuseContradictions(planned);
      expect.unreachable();
    } catch (error) {
      const details = ['debian 2026010203: trixie'];
      expect(error).toMatchObject({ kind: 'usage', code: 'serial.contradiction', details });
    }
  });

  it.each([
    ['the same', { trixie: one }, { trixie: one }],
    ['known of the box alone', { trixie: one }, {}],
    ['of other suites', { trixie: one }, { updates: two }],
  ])('is fine where what it stands for is %s', (_what, box, image) => {
    refuseContradictions(both(box, image));
  });
});

describe('Valid-Until', () => {
  const now = new Date('2026-02-01T00:00:00Z');
  const until = (day: string, state = FROZEN): PlannedArchive =>
    archive({ ...state, validUntil: `${day}T00:00:00.000Z` }, { kind: 'serials' });

  it('of a service is warned of in time, with its date', () => {
    expect(validityWarnings(until('2026-02-05'), now)).toEqual([expect.stringContaining('2026-02-05')]);
    expect(validityWarnings(until('2026-02-20'), now)).toEqual([]);
    expect(codeOf(() => refuseExpired(until('2026-02-05'), now))).toBeUndefined();
  });

  it('that has passed is an error with the serial and the ways out', () => {
    try {
      refuseExpired(until('2026-01-31'), now);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ kind: 'host', code: 'snapshot.expired' });
      expect((error as MayflyError).message).toContain('2026010203');
      expect((error as MayflyError).hint).toContain('mayfly snapshots freeze');
    }
  });

  it('of the local archive means nothing for a frozen state', () => {
    const local = { ...until('2026-01-31'), kind: 'local' as const };
    expect(validityWarnings(local, now)).toEqual([]);
    refuseExpired(local, now);
  });

  it('of a state at latest says when it is old', () => {
    const local = { ...until('2026-01-31', MOVING), kind: 'local' as const };
    expect(validityWarnings(local, now)).toEqual([expect.stringContaining('valid until 2026-01-31')]);
  });
});

describe('what the proxy in the VM handed out', () => {
  it.each([
    ['127.0.0.1/debian/2026010203/pool/x.deb', 'debian'],
    ['127.0.0.1:3143/debian/2026010203/dists/trixie/InRelease', 'debian'],
    ['http://127.0.0.1/1.0/debian/pool/x.deb', 'debian'],
    ['mirror.example/debian/2026010203/pool/x.deb', undefined],
    ['127.0.0.1/debian/project/trace/debian', undefined],
    ['127.0.0.1/debian/2026010203/../../etc/passwd', undefined],
  ])('%s', (answer, origin) => {
    expect(archiveAddress(answer)?.origin).toBe(origin);
  });
});
