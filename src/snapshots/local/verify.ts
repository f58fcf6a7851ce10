/**
 * Verifies the local archive: every stored byte against its checksum, and whether all that snapshots
 * and tags need is there. What is damaged is fetched again, as far as upstream still has it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { hasCode, MayflyError } from '../../errors.js';
import type { Upstream } from '../upstream.js';
import { DAMAGED, storedNames } from './entries.js';
import { hasFile, storeFile, type ExpectedFile } from './files.js';
import { storedFile } from './layout.js';
import { namedFiles, wantedFiles, type NamedFile } from './named-files.js';

export interface VerifyRequest {
  readonly archive: string;
  /** Undefined when nothing may be fetched. */
  readonly upstream: Upstream | undefined;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface Damage {
  readonly sha256: string;
  readonly problem: 'changed' | 'missing';
  /** What it is, as far as somebody knows: a path below an origin. */
  readonly name: string | undefined;
  readonly repaired: boolean;
}

export interface Verified {
  readonly files: number;
  readonly bytes: number;
  readonly damage: readonly Damage[];
}

/**
 * What is damaged goes out of everybody's way, and is told until it is whole again. The caller uses
 * the archive.
 */
export async function verifyArchive(request: VerifyRequest): Promise<Verified> {
  const { archive } = request;
  const { files, bytes, changed } = await hashAll(request);
  const wanted = await wantedFiles(archive);
  const missing: string[] = [];
  for (const file of wanted) {
    if (!changed.includes(file.sha256) && !(await hasFile(archive, file))) missing.push(file.sha256);
  }
  if (changed.length + missing.length === 0) return { files, bytes, damage: [] };
  const damaged = [
    ...changed.map((sha256) => ({ sha256, problem: 'changed' as const })),
    ...[...new Set(missing)].map((sha256) => ({ sha256, problem: 'missing' as const })),
  ];
  const damage: Damage[] = [];
  // What is published comes first: only whole indexes tell where other files are.
  const published = new Map(wanted.map((file) => [file.sha256, file]));
  const isPublished = ({ sha256 }: { sha256: string }): boolean => published.has(sha256);
  for (const { sha256, problem } of damaged.filter(isPublished)) {
    const file = published.get(sha256);
    damage.push({ sha256, problem, name: file?.name, repaired: await fetchAgain(request, file) });
  }
  const others = damaged.filter((file) => !isPublished(file));
  const known = others.length === 0 ? undefined : await namedFiles(archive, request.signal);
  for (const { sha256, problem } of others) {
    const file = known?.files.get(sha256);
    damage.push({ sha256, problem, name: file?.name, repaired: await fetchAgain(request, file) });
  }
  for (const { sha256, name, repaired } of damage) {
    // What nothing names nobody needs, once all indexes are whole.
    const isOver = repaired || (name === undefined && known?.isWhole === true);
    if (isOver) await rm(damagedName(archive, sha256), { force: true });
  }
  return { files, bytes, damage };
}

/** Damaged files get another name, by which the next verification knows them; the mended lose it. */
async function hashAll({ archive, signal, progress }: VerifyRequest) {
  const [whole, changed] = [new Set<string>(), new Set<string>()];
  let [files, bytes] = [0, 0];
  for await (const { sha256, path, isDamaged } of storedNames(archive)) {
    signal.throwIfAborted();
    files += 1;
    if (files % 100 === 0) progress(`${files} files`);
    if (isDamaged) {
      changed.add(sha256);
      continue;
    }
    const found = await hashOf(path).catch((error: unknown) => {
      if (hasCode(error, 'EIO')) return { sha256: '', bytes: 0 };
      throw error;
    });
    bytes += found.bytes;
    if (found.sha256 === sha256) whole.add(sha256);
    else {
      await rename(path, damagedName(archive, sha256));
      changed.add(sha256);
    }
  }
  for (const sha256 of changed) {
    if (!whole.has(sha256)) continue;
    await rm(damagedName(archive, sha256), { force: true });
    changed.delete(sha256);
  }
  return { files, bytes, changed: [...changed] };
}

const damagedName = (archive: string, sha256: string): string => storedFile(archive, sha256) + DAMAGED;

async function hashOf(path: string): Promise<ExpectedFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path)) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

async function fetchAgain(
  { archive, upstream, signal }: VerifyRequest,
  file: NamedFile | undefined,
): Promise<boolean> {
  if (file === undefined || upstream === undefined) return false;
  for (const url of file.urls) {
    try {
      await storeFile(archive, file, await upstream.open(url, signal), url);
      return true;
    } catch (error) {
      if (!(error instanceof MayflyError)) throw error;
    }
  }
  return false;
}
