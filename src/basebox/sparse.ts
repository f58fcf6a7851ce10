/** Sparse files: which parts of them hold data, and their checksum without reading the holes. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { run } from '../process/run.js';

const extents = z.array(
  z.object({ start: z.number(), length: z.number(), data: z.boolean(), zero: z.boolean() }),
);

const CHUNK = 4 * 1024 * 1024;

/**
 * SHA-256 of a raw file, as `sha256sum` prints it. Holes are hashed from memory: reading them from
 * the file system takes five times as long. Hexadecimal.
 */
export async function sparseSha256(path: string, signal: AbortSignal): Promise<string> {
  const map = await run('qemu-img', ['map', '--output=json', '-f', 'raw', path], { signal });
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(CHUNK);
  const buffer = Buffer.alloc(CHUNK);
  const file = await open(path, 'r');
  try {
    for (const extent of extents.parse(JSON.parse(map.stdout))) {
      let done = 0;
      while (done < extent.length) {
        signal.throwIfAborted();
        const length = Math.min(CHUNK, extent.length - done);
        if (extent.data && !extent.zero) {
          const { bytesRead } = await file.read(buffer, 0, length, extent.start + done);
          if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`);
          hash.update(buffer.subarray(0, bytesRead));
          done += bytesRead;
        } else {
          hash.update(zeros.subarray(0, length));
          done += length;
          // Hashing from memory never waits: let Ctrl-C and the progress line in.
          if (done % (64 * CHUNK) === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      }
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}
