/** The files of the local archive, by checksum: each is there whole or not at all. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, MayflyError } from '../../errors.js';
import { makeScratch } from '../../process/scratch.js';
import { archiveParts, storedFile } from './layout.js';

export interface ExpectedFile {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

/** True when the file is stored. Its size is looked at, not its bytes: `verify` does that. */
export async function hasFile(archive: string, file: ExpectedFile): Promise<boolean> {
  try {
    return (await stat(storedFile(archive, file.sha256))).size === file.bytes;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/**
 * Stores a file as it comes, when it is what was expected.
 * @param from where it comes from, for messages
 * @throws MayflyError `archive.wrong-file` when size or checksum differ: nothing is stored then
 */
export async function storeFile(
  archive: string,
  expected: ExpectedFile,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  from: string,
): Promise<void> {
  const parts = archiveParts(archive);
  await using scratch = await makeScratch(parts.incoming, 0o700);
  const temporary = join(scratch.path, expected.sha256);
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(temporary, 'wx', 0o600);
  try {
    for await (const piece of content) {
      bytes += piece.length;
      if (bytes > expected.bytes) break;
      hash.update(piece);
      await file.writeFile(piece);
    }
    // Before the rename: after a power cut the name must not stand for less than its content.
    await file.datasync();
  } finally {
    await file.close();
  }
  const sha256 = hash.digest('hex');
  if (bytes !== expected.bytes || sha256 !== expected.sha256) throw wrongFile(expected, bytes, sha256, from);
  const target = storedFile(archive, expected.sha256);
  await mkdir(dirname(target), { recursive: true });
  await chmod(temporary, 0o444);
  await rename(temporary, target);
}

/** Stores content that defines its own checksum. */
export async function storeContent(archive: string, content: Buffer, from: string): Promise<ExpectedFile> {
  const expected = { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
  if (!(await hasFile(archive, expected))) await storeFile(archive, expected, [content], from);
  return expected;
}

function wrongFile(expected: ExpectedFile, bytes: number, sha256: string, from: string): MayflyError {
  const [what, wanted, got] =
    bytes === expected.bytes
      ? ['SHA-256', expected.sha256, sha256]
      : ['size', `${expected.bytes} bytes`, bytes > expected.bytes ? 'more' : `${bytes} bytes`];
  return new MayflyError('host', 'archive.wrong-file', `${from} is not the file that the archive signed.`, {
    details: [`${what}: expected ${wanted}, got ${got}`],
    hint: 'A mirror that is being updated, or a proxy that changes files, does this. Try again, or another mirror.',
  });
}
