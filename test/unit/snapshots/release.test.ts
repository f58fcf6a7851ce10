import { describe, expect, it } from 'vitest';
import { isPlainPath, parseRelease } from '../../../src/snapshots/release.js';
import { wantedIndexes } from '../../../src/snapshots/local/fetch-suite.js';
import { dearmour } from '../../../src/snapshots/keyring.js';
import { goodSigners } from '../../../src/snapshots/signature.js';

const HASH = 'a'.repeat(64);
const RELEASE = `Origin: Debian
Suite: stable-security
Codename: trixie-security
Date: Sat, 21 Nov 2026 00:53:03 UTC
Valid-Until: Sat, 28 Nov 2026 00:53:03 UTC
Acquire-By-Hash: yes
Architectures: amd64 arm64
Components: updates/main updates/contrib
MD5Sum:
 00000000000000000000000000000000 12 main/binary-amd64/Packages
SHA256:
 ${HASH}       12 main/binary-amd64/Packages
 ${HASH}        5 main/binary-amd64/Packages.xz
 ${HASH}        5 main/binary-all/Packages.xz
 ${HASH}        7 main/i18n/Translation-en.gz
`;

describe('a Release file', () => {
  it('says what a suite consists of', () => {
    const release = parseRelease(RELEASE, 'x');
    expect(release).toMatchObject({
      suite: 'stable-security',
      codename: 'trixie-security',
      components: ['main', 'contrib'],
      architectures: ['amd64', 'arm64'],
      byHash: true,
      separatesAll: false,
    });
    expect(release.validUntil?.toISOString()).toBe('2026-11-28T00:53:03.000Z');
    expect([...release.files.keys()]).toHaveLength(4);
    expect(release.files.get('main/binary-amd64/Packages.xz')).toEqual({ sha256: HASH, bytes: 5 });
  });

  it('wants the smallest form of each index, and those for all architectures only where they are apart', () => {
    const names = (text: string): readonly string[] =>
      wantedIndexes(parseRelease(text, 'x'), ['main'], ['amd64']).map(([path]) => path);
    expect(names(RELEASE)).toEqual(['main/binary-amd64/Packages.xz', 'main/i18n/Translation-en.gz']);
    const apart = RELEASE.replace('amd64 arm64', 'all amd64');
    expect(names(apart)).toContain('main/binary-all/Packages.xz');
    expect(names(`No-Support-for-Architecture-all: Packages\n${apart}`)).not.toContain(
      'main/binary-all/Packages.xz',
    );
  });

  it.each([
    ['', 'no SHA256 checksums'],
    [RELEASE.replace(/^Date.*\n/m, ''), 'no Date'],
    [RELEASE.replace('main/i18n', '../i18n'), 'the path "../i18n/Translation-en.gz"'],
    [RELEASE.replace(` ${HASH}        7 `, ' nonsense '), 'of SHA256'],
  ])('is refused where it is malformed (%#)', (text, problem) => {
    expect(() => parseRelease(text, 'x')).toThrow(problem);
  });

  it.each(['/a', 'a//b', 'a/../b', './a', 'a b', 'a\\b', '', 'a/', 'a\nb', 'a?b'])(
    '%j is no plain path',
    (path) => {
      expect(isPlainPath(path)).toBe(false);
    },
  );
});

describe('signatures', () => {
  const good = '[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG K1 name\n[GNUPG:] VALIDSIG F1 2026\n';

  it.each([
    ['one good', good, ['F1']],
    [
      'a good one and one of an unknown key',
      `${good}[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG K2\n[GNUPG:] NO_PUBKEY K2\n`,
      ['F1'],
    ],
    ['a good one and a bad one', `${good}[GNUPG:] NEWSIG\n[GNUPG:] BADSIG K2 name\n`, []],
    ['an expired key', '[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG K1 name\n[GNUPG:] VALIDSIG F1 2026\n', []],
    ['a revoked key', '[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG K1 name\n[GNUPG:] VALIDSIG F1 2026\n', []],
    ['what is no status', 'GOODSIG K1\nVALIDSIG F1\n', []],
    ['nothing', '', []],
  ])('%s', (_name, status, signers) => {
    expect(goodSigners(status)).toEqual(signers);
  });

  it('a keyring in ASCII is read as well', () => {
    const armour = (text: string): string =>
      `-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: x\n\n${Buffer.from(text).toString('base64')}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n`;
    expect(dearmour(`intro\n${armour('first')}\n${armour('second')}`).toString()).toBe('firstsecond');
  });
});
