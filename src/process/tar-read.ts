/**
 * Reads a tar (tar(5): ustar and GNU's long names) where it lies, and unpacks nothing: what a hostile
 * one says of itself fills no disk, for no part of it is larger than its file. It is read as a plain
 * tar only: one that is compressed would grow without a limit.
 */
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** A file in a tar. */
export interface TarEntry {
  /** Where its content begins. */
  readonly start: number;
  readonly bytes: number;
}

/** The tar cannot be read; the message is a part of a sentence: `it is cut off`. */
export class TarProblem extends Error {
  override readonly name = 'TarProblem';
}

const BLOCK = 512;
/** Bytes that GNU's tar gives a long name. */
const LONGEST_NAME = 4096;

/** How compressed files begin. */
const COMPRESSED: readonly (readonly [string, string])[] = [
  ['1f8b', 'gzip'],
  ['425a68', 'bzip2'],
  ['fd377a585a00', 'xz'],
  ['28b52ffd', 'zstd'],
];

/**
 * Name → the plain file of that name. Folders, links and all else are left out.
 * @throws TarProblem
 */
export async function listTar(path: string, signal: AbortSignal): Promise<ReadonlyMap<string, TarEntry>> {
  const file = await open(path, 'r');
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new TarProblem('it is no file on a disk');
    return await readEntries(file, found.size, signal);
  } finally {
    await file.close();
  }
}

async function readEntries(
  file: FileHandle,
  size: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  let longName: string | undefined;
  let at = 0;
  while (at < size) {
    signal.throwIfAborted();
    const header = await readAt(file, at, BLOCK);
    if (at === 0) refuseCompressed(header);
    if (header.length < BLOCK) throw new TarProblem(at === 0 ? 'it is no tar' : 'it is cut off');
    if (header.every((byte) => byte === 0)) return entries;
    if (!hasChecksum(header)) throw new TarProblem(at === 0 ? 'it is no tar' : 'it is damaged');
    const entry = { start: at + BLOCK, bytes: sizeIn(header) };
    if (entry.start + entry.bytes > size) throw new TarProblem('it is cut off');
    at = entry.start + Math.ceil(entry.bytes / BLOCK) * BLOCK;
    const kind = String.fromCharCode(header[156] ?? 0);
    if (kind === 'L') {
      if (entry.bytes > LONGEST_NAME) throw new TarProblem('it has a name without an end');
      longName = textIn(await readAt(file, entry.start, entry.bytes));
      continue;
    }
    const name = longName ?? nameIn(header);
    longName = undefined;
    if (kind !== '0' && kind !== '\0') continue;
    if (entries.has(name)) throw new TarProblem(`it has ${JSON.stringify(name.slice(0, 200))} twice`);
    entries.set(name, entry);
  }
  // Two empty blocks end a tar; without them nobody knows whether more belongs to it.
  throw new TarProblem(size === 0 ? 'it is no tar' : 'it is cut off');
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function refuseCompressed(start: Buffer): void {
  const hex = start.toString('hex', 0, 6);
  const found = COMPRESSED.find(([magic]) => hex.startsWith(magic));
  if (found !== undefined) throw new TarProblem(`it is compressed (${found[1]}); decompress it first`);
}

function hasChecksum(header: Buffer): boolean {
  const isOwn = (index: number): boolean => index >= 148 && index < 156;
  const sum = header.reduce((all, byte, index) => all + (isOwn(index) ? 0x20 : byte), 0);
  return octal(header.subarray(148, 156)) === sum;
}

function sizeIn(header: Buffer): number {
  const field = header.subarray(124, 136);
  // GNU's way to say more than 8 GiB: a number of 95 bits. What is not exact any more is cut off anyway.
  const isBinary = ((field[0] ?? 0) & 0x80) !== 0;
  const size = isBinary
    ? field.subarray(1).reduce((all, byte) => all * 256 + byte, (field[0] ?? 0) & 0x7f)
    : octal(field);
  if (size === undefined) throw new TarProblem('it is damaged');
  return size;
}

function octal(field: Buffer): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(field.toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

function nameIn(header: Buffer): string {
  const name = textIn(header.subarray(0, 100));
  // GNU's own form has something else there.
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? textIn(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

const textIn = (field: Buffer): string => field.toString('utf8').replace(/\0.*$/s, '');

/** The content of one file of a tar. */
export function readTarEntry(path: string, { start, bytes }: TarEntry): AsyncIterable<Uint8Array> | [] {
  if (bytes === 0) return [];
  return createReadStream(path, { start, end: start + bytes - 1 }) as AsyncIterable<Uint8Array>;
}

/** The whole text of a file that may have so many bytes. @throws TarProblem */
export async function readTarText(
  path: string,
  name: string,
  entry: TarEntry,
  most: number,
): Promise<string> {
  if (entry.bytes > most) throw new TarProblem(`its ${name} has more than ${most} bytes`);
  const pieces: Uint8Array[] = [];
  for await (const piece of readTarEntry(path, entry)) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
