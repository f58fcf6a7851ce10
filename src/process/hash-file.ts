/** The checksum of a file. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256, hexadecimal. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { signal })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
