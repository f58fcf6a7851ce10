/**
 * Takes artifacts off the disk that the guest wrote them to. The guest is not trusted: names are
 * plain or refused, there is no file system to be parsed, and what was checked is what is taken.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir, open, rename, rm, truncate, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, MayflyError, throwIfAborted } from '../errors.js';
import { buildFiles } from '../paths.js';
import { dataRanges, readRange, type Range } from '../process/sparse.js';

export interface Artifact {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Names that the host writes beside the artifacts. */
const RESERVED = new Set<string>([
  buildFiles.record,
  buildFiles.events,
  buildFiles.log,
  buildFiles.console,
  buildFiles.provisionLog,
  buildFiles.checksums,
]);

/** Why a name may not leave the guest; undefined when it may. Pure. */
export function refusedName(name: string): string | undefined {
  if (RESERVED.has(name)) return 'mayfly writes a file of this name itself';
  if (name.startsWith('.') || name.startsWith('-')) return 'it begins with a dot or a dash';
  if (/[\p{Cc}\p{Bidi_Control}/\\]/u.test(name)) return 'it holds control characters or slashes';
  if (Buffer.byteLength(name) > 200) return 'it is longer than 200 bytes';
  return undefined;
}

/** A file that the guest says it wrote to the artifact disk. Nothing of it is trusted. */
export interface Offer {
  /** Where it begins on the disk, in bytes. */
  readonly offset: number;
  readonly bytes: number;
  readonly name: string;
}

export interface TakeOptions {
  /** The artifact disk, a raw file. */
  readonly disk: string;
  readonly offers: readonly Offer[];
  /** A VM has the disk plugged in; else the disk is used up: its first artifact is moved, not copied. */
  readonly inUse: boolean;
  /** Where artifacts go; made when missing. */
  readonly to: string;
  readonly signal: AbortSignal;
  readonly onArtifact: (artifact: Artifact) => void;
}

/**
 * Takes all artifacts off the disk.
 * @throws MayflyError `artifacts.refused` that names every one that cannot be taken; the others are
 */
export async function takeArtifacts(options: TakeOptions): Promise<readonly Artifact[]> {
  if (options.offers.length === 0) return [];
  const file = await open(options.disk, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const refused = refusedOffers(options.offers, (await file.stat()).size);
    const offers = options.offers.filter((offer) => !refused.has(offer));
    const problems = [...refused].map(([{ name }, problem]) => `${JSON.stringify(name)}: ${problem}`);
    await mkdir(options.to, { recursive: true });
    const data = await dataRanges(options.disk, options.signal);
    const artifacts: Artifact[] = [];
    const first = options.inUse ? undefined : offers.find(isWorthMoving);
    const copied = offers.filter((offer) => offer !== first).sort(byName);
    // The one that is moved comes last: the disk becomes its file.
    for (const offer of first === undefined ? copied : [...copied, first]) {
      throwIfAborted(options.signal);
      try {
        const artifact =
          (offer === first && problems.length === 0 ? await move(file, data, offer, options) : undefined) ??
          (await copy(file, data, offer, options));
        artifacts.push(artifact);
        options.onArtifact(artifact);
      } catch (error) {
        if (!hasCode(error, 'EISDIR')) throw error;
        problems.push(`${JSON.stringify(offer.name)}: a folder of that name is in ${options.to}`);
      }
    }
    if (problems.length > 0) throw notTaken(problems, artifacts.length);
    return artifacts.sort(byName);
  } finally {
    await file.close();
  }
}

/** What is wrong with each offer, in words. Pure. @param diskBytes size of the artifact disk */
export function refusedOffers(offers: readonly Offer[], diskBytes: number): ReadonlyMap<Offer, string> {
  const seen = new Set<string>();
  const refused = new Map<Offer, string>();
  let end = 0;
  for (const offer of [...offers].sort((a, b) => a.offset - b.offset)) {
    const { name, offset, bytes } = offer;
    const problem =
      refusedName(name) ??
      (seen.has(name) ? 'it is offered twice' : undefined) ??
      (isPart(offset, bytes, diskBytes) ? undefined : 'it is not within the artifact disk') ??
      // Or a small disk could become any number of large files.
      (offset < end ? 'it overlaps another one' : undefined);
    seen.add(name);
    if (problem === undefined) end = offset + bytes;
    else refused.set(offer, problem);
  }
  return refused;
}

function notTaken(problems: readonly string[], taken: number): MayflyError {
  return new MayflyError('vm', 'artifacts.refused', 'The VM offered artifacts that are not taken.', {
    details: [...problems, ...(taken === 0 ? [] : [`the other ${taken} are there`])],
    hint: 'Rename them in the build script, or narrow artifacts.patterns in builder.yaml.',
  });
}

function isPart(offset: number, bytes: number, diskBytes: number): boolean {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  return isCount(offset) && isCount(bytes) && offset + bytes <= diskBytes;
}

/** At the start of the disk, and large: the guest puts the largest there. */
function isWorthMoving({ offset, bytes }: Offer): boolean {
  return offset === 0 && bytes >= 1024 * 1024;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/**
 * Makes the disk itself the artifact: nothing is copied. The VM is gone, so nobody writes any more.
 * @returns undefined when the disk is on another file system than the artifacts
 */
async function move(
  disk: FileHandle,
  data: readonly Range[],
  { name, bytes }: Offer,
  options: TakeOptions,
): Promise<Artifact | undefined> {
  const temporary = join(options.to, `.${name}.new`);
  await rm(temporary, { force: true });
  try {
    await rename(options.disk, temporary);
  } catch (error) {
    if (hasCode(error, 'EXDEV')) return undefined;
    throw error;
  }
  try {
    const hash = createHash('sha256');
    const pieces = readRange(disk, { start: 0, length: bytes }, data, options.signal);
    for await (const piece of pieces) hash.update(piece.bytes);
    await truncate(temporary, bytes);
    await chmod(temporary, 0o644);
    await rename(temporary, join(options.to, name));
    return { name, bytes, sha256: hash.digest('hex') };
  } catch (error) {
    // It is all there is of the artifact.
    await rename(temporary, options.disk);
    throw error;
  }
}

/**
 * Reads each byte once, and both checks and keeps what was read: a guest that still writes can
 * spoil its artifact, but never make the checksum another file's.
 */
async function copy(
  disk: FileHandle,
  data: readonly Range[],
  offer: Offer,
  options: TakeOptions,
): Promise<Artifact> {
  const { name, bytes } = offer;
  const temporary = join(options.to, `.${name}.new`);
  await rm(temporary, { force: true });
  const out = await open(temporary, 'wx', 0o644);
  try {
    const hash = createHash('sha256');
    let writing: Promise<void> | undefined;
    const pieces = readRange(disk, { start: offer.offset, length: bytes }, data, options.signal);
    for await (const piece of pieces) {
      const before = writing;
      writing = piece.hole ? undefined : writeAt(out, piece.bytes, piece.at);
      writing?.catch(() => undefined);
      hash.update(piece.bytes);
      await before;
    }
    await writing;
    await out.truncate(bytes);
    await out.chmod(0o644);
    await out.close();
    await rename(temporary, join(options.to, name));
    return { name, bytes, sha256: hash.digest('hex') };
  } catch (error) {
    await out.close();
    await rm(temporary, { force: true });
    throw hasCode(error, 'ENOSPC') ? noSpace(options.to, name) : error;
  }
}

async function writeAt(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

function noSpace(folder: string, name: string): MayflyError {
  return new MayflyError(
    'host',
    'host.disk-full',
    `No space is left in ${folder} for the artifact ${name}.`,
    {
      hint: 'Make room there, or name another folder: --artifacts DIR.',
    },
  );
}

/** The text of SHA256SUMS, as sha256sum(1) writes and `sha256sum -c` reads it. */
export function checksumLines(artifacts: readonly Artifact[]): string {
  return artifacts.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}

/** Writes a file in one step: readers see the old one or the new one. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
