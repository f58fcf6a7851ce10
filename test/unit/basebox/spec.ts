/** A base box's specification, for tests. */
import type { ArchiveSource, BoxSpec } from '../../../src/basebox/recipe.js';
import type { Box } from '../../../src/basebox/store.js';

export const DEBIAN: ArchiveSource = {
  origin: 'debian',
  url: 'http://mirror.example/debian',
  suites: ['trixie', 'trixie-updates'],
  components: ['main'],
  keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  serial: '2026010203',
  releases: { trixie: 'a1'.repeat(32) },
};

export const SECURITY: ArchiveSource = {
  ...DEBIAN,
  origin: 'debian-security',
  url: 'http://mirror.example/debian-security',
  suites: ['trixie-security'],
  serial: 'latest',
  releases: {},
};

export const SPEC: BoxSpec = {
  prefix: 'example',
  architecture: 'amd64',
  distribution: 'trixie',
  packages: ['live-build', 'xorriso'],
  user: 'builder',
  diskBytes: 20 * 2 ** 30,
  sources: [DEBIAN, SECURITY],
  postinstall: '#!/bin/sh\necho hello\n',
};

export const FINGERPRINT = '0123456789abcdef0123456789abcdef';

export function box(change: Partial<Box['record']> = {}): Box {
  return {
    folder: '/boxes/x',
    record: {
      schema: 1,
      fingerprint: FINGERPRINT,
      label: 'example-amd64-trixie-20260102-1a2b3c4',
      createdAt: '2026-01-02T03:04:05.000Z',
      seconds: 63.2,
      diskSha256: 'ab'.repeat(32),
      bootSha256: { kernel: 'cd'.repeat(32), initrd: 'ef'.repeat(32) },
      diskBytes: 20 * 2 ** 30,
      fileBytes: 250_000_000,
      inputs: {},
      packageCount: 230,
      ...change,
    },
  };
}
