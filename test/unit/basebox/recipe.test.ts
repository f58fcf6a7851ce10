import { describe, expect, it } from 'vitest';
import { inputsOf, setupHashes } from '../../../src/basebox/create.js';
import {
  allPackages,
  BASE_PACKAGES,
  boxEpoch,
  boxLabel,
  canonicalJson,
  fingerprint,
  fingerprintInputs,
  type BoxSpec,
  type FingerprintInputs,
} from '../../../src/basebox/recipe.js';
import { DEBIAN, SECURITY, SPEC } from './spec.js';

const SETUP = { 'customize.sh': 'aa', 'root/etc/fstab': 'bb' };
const of = (spec: BoxSpec, setup: Readonly<Record<string, string>> = SETUP): string =>
  fingerprint(fingerprintInputs(spec, setup));

describe('the fingerprint', () => {
  it('is 32 hexadecimal digits', () => {
    expect(of(SPEC)).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each<[string, BoxSpec]>([
    ['the architecture', { ...SPEC, architecture: 'arm64' }],
    ['the distribution', { ...SPEC, distribution: 'bookworm' }],
    ['a package more', { ...SPEC, packages: [...SPEC.packages, 'jq'] }],
    ['a package less', { ...SPEC, packages: ['xorriso'] }],
    ['the user', { ...SPEC, user: 'vagrant' }],
    ['the size of the disk', { ...SPEC, diskBytes: 10 * 2 ** 30 }],
    ['a serial', { ...SPEC, sources: [{ ...DEBIAN, serial: '2026010204' }, SECURITY] }],
    ['a suite', { ...SPEC, sources: [{ ...DEBIAN, suites: ['trixie'] }, SECURITY] }],
    [
      'the order of suites',
      { ...SPEC, sources: [{ ...DEBIAN, suites: [...DEBIAN.suites].reverse() }, SECURITY] },
    ],
    ['a component', { ...SPEC, sources: [{ ...DEBIAN, components: ['main', 'contrib'] }, SECURITY] }],
    ['an origin less', { ...SPEC, sources: [DEBIAN] }],
    ['the name of an origin', { ...SPEC, sources: [DEBIAN, { ...SECURITY, origin: 'other' }] }],
    ['one byte of postinstall', { ...SPEC, postinstall: '#!/bin/sh\necho hellp\n' }],
    ['no postinstall', { ...SPEC, postinstall: undefined }],
    ['an empty postinstall', { ...SPEC, postinstall: '' }],
  ])('changes with %s', (_name, spec) => {
    expect(of(spec)).not.toBe(of(SPEC));
  });

  it.each<[string, BoxSpec]>([
    [
      'where the archive is served',
      { ...SPEC, sources: [{ ...DEBIAN, url: 'http://127.0.0.1:9/x' }, SECURITY] },
    ],
    ['where the keyring lies', { ...SPEC, sources: [{ ...DEBIAN, keyring: '/tmp/k.gpg' }, SECURITY] }],
    ['the order of packages', { ...SPEC, packages: ['xorriso', 'live-build'] }],
    ['a package named twice', { ...SPEC, packages: ['xorriso', 'live-build', 'xorriso'] }],
    ['a package that every box has', { ...SPEC, packages: [...SPEC.packages, 'git'] }],
    ['the order of origins', { ...SPEC, sources: [SECURITY, DEBIAN] }],
    ['the prefix of its label', { ...SPEC, prefix: 'other' }],
  ])('does not change with %s', (_name, spec) => {
    expect(of(spec)).toBe(of(SPEC));
  });

  it('changes with each of our own files', () => {
    expect(of(SPEC, { ...SETUP, 'root/etc/fstab': 'cc' })).not.toBe(of(SPEC));
    expect(of(SPEC, { ...SETUP, 'root/etc/more': 'cc' })).not.toBe(of(SPEC));
    expect(of(SPEC, { 'root/etc/fstab': 'bb', 'customize.sh': 'aa' })).toBe(of(SPEC));
  });

  it('changes with every field of what is hashed', () => {
    const inputs = fingerprintInputs(SPEC, SETUP);
    for (const field of Object.keys(inputs) as (keyof FingerprintInputs)[]) {
      expect(fingerprint({ ...inputs, [field]: 'changed' }), field).not.toBe(fingerprint(inputs));
    }
  });

  it('is the same after its inputs went through a file', async () => {
    const inputs = await inputsOf(SPEC);
    expect(fingerprint(JSON.parse(JSON.stringify(inputs)) as FingerprintInputs)).toBe(fingerprint(inputs));
  });
});

it('every file of setup/ counts, by its own path and content', async () => {
  const hashes = await setupHashes();
  expect(Object.keys(hashes)).toEqual(
    expect.arrayContaining(['customize.sh', 'seal.sh', 'essential.sh', 'masked-units', 'root/etc/fstab']),
  );
  expect(Object.keys(hashes).filter((name) => name.startsWith('/'))).toEqual([]);
  for (const hash of Object.values(hashes)) expect(hash).toMatch(/^[0-9a-f]{64}$/);
});

it('packages are sorted, each one once', () => {
  const packages = allPackages({ ...SPEC, packages: ['zzz', 'git', 'aaa'] });
  expect(packages).toEqual([...new Set([...BASE_PACKAGES, 'zzz', 'aaa'])].sort());
});

describe('canonicalJson', () => {
  it.each([
    [{ b: 1, a: { d: [2, 1], c: null } }, '{"a":{"c":null,"d":[2,1]},"b":1}'],
    [{ a: undefined }, '{}'],
    [[{ b: 1, a: 2 }], '[{"a":2,"b":1}]'],
  ])('of %j', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});

describe('the date of a box', () => {
  const day = (...date: [number, number, number]): number => Date.UTC(...date) / 1000;

  it.each([
    ['its oldest serial', ['2026010203', '20251231T235959Z'], day(2025, 11, 31)],
    ['the only one that is pinned', ['latest', '2026020101'], day(2026, 1, 1)],
    ['a fixed day while nothing is pinned', ['latest', 'latest'], day(2026, 0, 1)],
  ])('is %s', (_name, serials, epoch) => {
    expect(boxEpoch({ ...SPEC, sources: serials.map((serial) => ({ ...DEBIAN, serial })) })).toBe(epoch);
  });
});

describe('the label', () => {
  const inputs = {
    prefix: 'tails-builder',
    architecture: 'amd64',
    distribution: 'trixie',
    lastCommit: { date: '20260102', shortId: '1a2b3c4' },
    dirty: false,
  };

  it.each([
    [inputs, 'tails-builder-amd64-trixie-20260102-1a2b3c4'],
    [{ ...inputs, dirty: true }, 'tails-builder-amd64-trixie-20260102-1a2b3c4+dirty'],
    [{ ...inputs, lastCommit: undefined }, 'tails-builder-amd64-trixie-00000000-uncommitted'],
  ])('%#', (value, label) => {
    expect(boxLabel(value)).toBe(label);
  });
});
