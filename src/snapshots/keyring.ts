/**
 * Keyrings of archives: OpenPGP public keys, binary or ASCII-armoured (RFC 9580), or a keybox of GnuPG's, which holds
 * public keys only. builder.yaml names files of this host, and what it names is copied into VMs: so whatever else a
 * file may be, such as somebody's private key, is refused.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MayflyError, messageOf } from '../errors.js';

/** Bytes. Debian's has some tens of thousands. */
const MOST = 16 * 2 ** 20;
const ARMOUR = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
/** The type of a packet that is a public key (RFC 9580, section 5). */
const PUBLIC_KEY = 6;

/** The keys in binary, as gpgv wants them. @throws MayflyError `archive.no-keyring` when it cannot be read, or is none */
export async function readBinaryKeyring(path: string): Promise<Buffer> {
  const content = await readWhole(path);
  if (!isPublicKeyring(content)) throw noKeyring(path, 'is no OpenPGP keyring of public keys');
  return isArmoured(content) ? dearmour(content.toString('latin1')) : content;
}

async function readWhole(path: string): Promise<Buffer> {
  try {
    // Not blocking: it may be a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : { size: Infinity }));
    if (size > MOST) throw new Error("it is no plain file of a keyring's size");
    return await file.readFile();
  } catch (error) {
    throw noKeyring(path, `cannot be read: ${messageOf(error)}`, error);
  }
}

const isArmoured = (content: Buffer): boolean =>
  content.toString('latin1', 0, ARMOUR.length).startsWith('-----');

/** Pure. */
export function isPublicKeyring(content: Buffer): boolean {
  if (isArmoured(content)) {
    const begun = content.toString('latin1').match(/-----BEGIN [^-]*-----/g) ?? [];
    return begun.length > 0 && begun.every((line) => line === ARMOUR);
  }
  // The first blob of a keybox says so (GnuPG's doc/DETAILS and kbx/keybox-blob.c).
  if (content.toString('latin1', 8, 12) === 'KBXf') return true;
  const first = content[0] ?? 0;
  const isPacket = (first & 0x80) !== 0;
  const isNewFormat = (first & 0x40) !== 0;
  return isPacket && (isNewFormat ? first & 0x3f : (first >> 2) & 0x0f) === PUBLIC_KEY;
}

function noKeyring(path: string, why: string, cause?: unknown): MayflyError {
  return new MayflyError('host', 'archive.no-keyring', `The keyring ${path} ${why}.`, {
    hint: "Debian's is in the package debian-archive-keyring; another's is named in builder.yaml (archive.origins).",
    cause,
  });
}

/** The bytes of all ASCII-armoured blocks (RFC 9580, section 6.2). Pure. */
export function dearmour(text: string): Buffer {
  const blocks = text.matchAll(/-----BEGIN PGP [^-]+-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^-]*)-----END/g);
  return Buffer.concat(
    [...blocks].map(([, body = '']) => {
      // The line that begins with = is a checksum of the block.
      const lines = body.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('='));
      return Buffer.from(lines.join(''), 'base64');
    }),
  );
}
