/** What changed since the box before. */
import { describe, expect, it } from 'vitest';
import { changedInputs, previousBox } from '../../../src/basebox/changes.js';
import { fingerprintInputs, sha256 } from '../../../src/basebox/recipe.js';
import { type Box } from '../../../src/basebox/store.js';
import { box, DEBIAN, SPEC } from './spec.js';

describe('what changed since the box before', () => {
  it('is the newest older box of the same project', () => {
    const at = (createdAt: string, label: string): Box => box({ createdAt, label });
    const newest = at('2026-01-03T00:00:00.000Z', 'a-builder-amd64-trixie-20260103-1111111');
    const before = at('2026-01-02T00:00:00.000Z', 'a-builder-amd64-trixie-20260102-2222222+dirty');
    const other = at('2026-01-02T12:00:00.000Z', 'b-builder-amd64-trixie-20260102-2222222');
    const oldest = at('2026-01-01T00:00:00.000Z', 'a-builder-amd64-trixie-20260101-3333333');
    const all = [newest, before, other, oldest];
    expect(previousBox(all, newest)).toBe(before);
    expect(previousBox(all, oldest)).toBeUndefined();
  });

  it('is told input by input', () => {
    const before = fingerprintInputs(SPEC, { 'seal.sh': 'a', gone: 'b' });
    const now = fingerprintInputs(
      {
        ...SPEC,
        packages: ['xorriso', 'jq'],
        postinstall: undefined,
        sources: [{ ...DEBIAN, serial: '2026020101', suites: ['trixie'] }],
      },
      { 'seal.sh': 'c' },
    );
    expect(changedInputs(before, now)).toEqual([
      'packages: +jq -live-build',
      `postinstall: ${sha256(SPEC.postinstall ?? '').slice(0, 12)} → none`,
      'files of mayfly in the box: gone seal.sh',
      'debian: 2026010203 → 2026020101',
      'debian, suites: -trixie-updates',
      'debian-security: gone, was latest',
    ]);
    expect(changedInputs(before, before)).toEqual([]);
    const other = { ...SPEC, sources: [{ ...DEBIAN, releases: { trixie: 'ff'.repeat(32) } }] };
    const same = { ...SPEC, sources: [DEBIAN] };
    expect(changedInputs(fingerprintInputs(same, {}), fingerprintInputs(other, {}))).toEqual([
      'debian: another state of the same serial 2026010203',
    ]);
  });
});
