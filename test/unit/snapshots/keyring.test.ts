import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEBIAN_KEYRING } from '../../../src/build/archive/origins.js';
import { isPublicKeyring, readBinaryKeyring } from '../../../src/snapshots/keyring.js';
import { failure, temporaryFolder } from '../source/repository.js';

const armour = (kind: string): string =>
  `-----BEGIN PGP ${kind} KEY BLOCK-----\n\nmQEC\n-----END PGP ${kind} KEY BLOCK-----\n`;

describe('a keyring', () => {
  it.each([
    ['binary', Buffer.from([0x99, 1, 2])],
    ['binary, in the new format', Buffer.from([0xc6, 1, 2])],
    ['armoured', Buffer.from(armour('PUBLIC'))],
    ['of GnuPG', Buffer.concat([Buffer.from([0, 0, 0, 32, 1, 1, 0, 2]), Buffer.from('KBXf....')])],
  ])('%s is one', (_what, content) => {
    expect(isPublicKeyring(content)).toBe(true);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('root:x:0:0\n')],
    ['a private key of SSH', Buffer.from('-----BEGIN OPENSSH PRIVATE KEY-----\n')],
    ['a private key, binary', Buffer.from([0x95, 1, 2])],
    ['a private key, in the new format', Buffer.from([0xc5, 1, 2])],
    ['a private key, armoured', Buffer.from(armour('PRIVATE'))],
    ['a private key after a public one', Buffer.from(armour('PUBLIC') + armour('PRIVATE'))],
  ])('%s is none', (_what, content) => {
    expect(isPublicKeyring(content)).toBe(false);
  });

  it('of Debian is one', async () => {
    expect(await readBinaryKeyring(DEBIAN_KEYRING)).toEqual(await readFile(DEBIAN_KEYRING));
  });

  it('is handed on in binary', async () => {
    const path = join(await temporaryFolder(), 'key.asc');
    await writeFile(path, armour('PUBLIC'));
    expect(await readBinaryKeyring(path)).toEqual(Buffer.from('mQEC', 'base64'));
  });

  it('that is a folder, a device or not there cannot be read', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'one'));
    for (const path of [join(folder, 'one'), '/dev/zero', join(folder, 'none')])
      expect(await failure(readBinaryKeyring(path))).toMatchObject({
        code: 'archive.no-keyring',
        message: expect.stringContaining('cannot be read') as string,
      });
  });
});
