/** Sparse files: which parts of them hold data, and their checksum without reading the holes. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { run } from './run.js';

/** A part of a file, in bytes. */
export interface Range {
  readonly start: number;
  readonly length: number;
}

/** One piece of a range: as many bytes as it is long, or that many zeros that no disk holds. */
export interface Piece {
  /** Bytes from the start of the range. */
  readonly at: number;
  readonly bytes: Buffer;
  readonly hole: boolean;
}

const extents = z.array(
  z.object({ start: z.number(), length: z.number(), data: z.boolean(), zero: z.boolean() }),
);

/** Bytes that are read at a time. */
const CHUNK = 4 * 1024 * 1024;

/** The parts of a raw file that hold data, in order. Its writer may still have it open. */
export async function dataRanges(path: string, signal: AbortSignal): Promise<readonly Range[]> {
  const map = await run('qemu-img', ['map', '--output=json', '--force-share', '-f', 'raw', path], { signal });
  return extents.parse(JSON.parse(map.stdout)).filter(({ data, zero }) => data && !zero);
}

/**
 * The pieces of a range, in order, each read while the caller works on the one before it. A
 * piece's bytes are overwritten later: they are the caller's until it asks for the next but one.
 */
export async function* readRange(
  file: FileHandle,
  range: Range,
  data: readonly Range[],
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const zeros = Buffer.alloc(CHUNK);
  const buffers = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)];
  const read = async (plan: { at: number; length: number; hole: boolean }, turn: number): Promise<Piece> => {
    if (plan.hole) return { at: plan.at, bytes: zeros.subarray(0, plan.length), hole: true };
    const buffer = buffers[turn % buffers.length] ?? zeros;
    let done = 0;
    while (done < plan.length) {
      const { bytesRead } = await file.read(buffer, done, plan.length - done, range.start + plan.at + done);
      if (bytesRead === 0) throw new Error('A file became shorter while it was read.');
      done += bytesRead;
    }
    return { at: plan.at, bytes: buffer.subarray(0, plan.length), hole: false };
  };
  let turn = 0;
  let next: Promise<Piece> | undefined;
  for (const plan of pieces(range, data)) {
    signal.throwIfAborted();
    const following = read(plan, turn);
    // Its failure is met when it is awaited, one piece later.
    following.catch(() => undefined);
    turn += 1;
    if (next !== undefined) yield await next;
    next = following;
    // Zeros from memory never wait: let Ctrl-C and the progress line in.
    if (turn % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  if (next !== undefined) yield await next;
}

/** A range cut into pieces of at most CHUNK, each either data or a hole. Pure. */
export function* pieces(
  range: Range,
  data: readonly Range[],
): Generator<{ at: number; length: number; hole: boolean }> {
  const end = range.start + range.length;
  let position = range.start;
  const cut = function* (
    to: number,
    hole: boolean,
  ): Generator<{ at: number; length: number; hole: boolean }> {
    while (position < to) {
      const length = Math.min(CHUNK, to - position);
      yield { at: position - range.start, length, hole };
      position += length;
    }
  };
  for (const extent of data) {
    if (extent.start >= end) break;
    if (extent.start + extent.length <= position) continue;
    yield* cut(Math.min(extent.start, end), true);
    yield* cut(Math.min(extent.start + extent.length, end), false);
  }
  yield* cut(end, true);
}

/**
 * SHA-256 of a raw file, as `sha256sum` prints it. Holes are hashed from memory: reading them from
 * the file system takes five times as long. Hexadecimal.
 */
export async function sparseSha256(path: string, signal: AbortSignal): Promise<string> {
  const data = await dataRanges(path, signal);
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    for await (const { bytes } of readRange(file, { start: 0, length: size }, data, signal))
      hash.update(bytes);
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}
