/**
 * The box store.
 *
 *   boxes/
 *     FINGERPRINT/          one box, complete: it appears by rename, and is never changed afterwards
 *       box.json            what it is and what it was made from (BoxRecord)
 *       disk.qcow2          its disk; builder VMs have it as a read-only backing file
 *       vmlinuz initrd.img  for providers that boot the kernel directly
 *       packages.json       every package in it, with version and source
 *       files.json          every file of the archive that it was made from
 *     .new-FINGERPRINT/     a box being made, or what a crash left of one
 *
 * No file holds an absolute path, so a store can be copied.
 */
import { cp, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { entriesOf } from '../process/entries.js';
import { hasCode } from '../errors.js';
import { boxFiles } from '../paths.js';
import { run } from '../process/run.js';
import { removeTree } from '../process/scratch.js';
import { labelStem } from './changes.js';

/** A record may come from elsewhere: what becomes a file name, or a word of a command, is plain. */
const hex = (digits: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const sha256 = hex(64);

export const boxRecord = z.object({
  schema: z.literal(1),
  fingerprint: hex(32),
  /** Its name when it was made; the same box may bear another name at a later commit. */
  label: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,199}$/),
  createdAt: z.iso.datetime(),
  /** How long it took to make. */
  seconds: z.number(),
  /** SHA-256 of the raw disk: the identity of the content. */
  diskSha256: sha256,
  /** SHA-256 of what is booted directly: copies of files in the disk. */
  bootSha256: z.object({ kernel: sha256, initrd: sha256 }),
  /** Bytes of the disk as the guest sees it, and of its file. */
  diskBytes: z.number(),
  fileBytes: z.number(),
  /** The value that was hashed into the fingerprint. */
  inputs: z.unknown(),
  packageCount: z.number(),
});
export type BoxRecord = z.infer<typeof boxRecord>;

/** A file of the archive that a box, or the tools that made it, came from. */
export interface SourceFile {
  readonly origin: string;
  readonly serial: string;
  /** Below the origin's base URL. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface Box {
  readonly folder: string;
  readonly record: BoxRecord;
}

const STAGING = '.new-';

export async function findBox(store: string, fingerprint: string): Promise<Box | undefined> {
  const folder = join(store, fingerprint);
  try {
    const text = await readFile(join(folder, boxFiles.record), 'utf8');
    return { folder, record: boxRecord.parse(JSON.parse(text)) };
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    // Damaged: it is made anew when it is wanted.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** All boxes, newest first. */
export async function listBoxes(store: string): Promise<readonly Box[]> {
  const boxes: Box[] = [];
  for (const name of await entriesOf(store)) {
    if (name.startsWith(STAGING)) continue;
    const box = await findBox(store, name);
    if (box !== undefined) boxes.push(box);
  }
  return boxes.sort((a, b) => b.record.createdAt.localeCompare(a.record.createdAt));
}

/** An empty folder for a box in the making. The caller holds the lock of its fingerprint. */
export async function stageBox(store: string, fingerprint: string): Promise<string> {
  const staging = join(store, STAGING + fingerprint);
  await removeTree(staging);
  await mkdir(staging, { recursive: true });
  return staging;
}

/** Makes a staged box visible, in one step. */
export async function commitBox(store: string, fingerprint: string): Promise<Box> {
  // Only what cannot be read is in its place: findBox was asked under the same lock.
  await removeTree(join(store, fingerprint));
  await rename(join(store, STAGING + fingerprint), join(store, fingerprint));
  const box = await findBox(store, fingerprint);
  if (box === undefined) throw new Error(`box ${fingerprint} has no ${boxFiles.record}`);
  return box;
}

/** Puts a copy of a box of another store into this one. The caller holds the lock of its fingerprint. */
export async function copyBox(box: Box, store: string, signal: AbortSignal): Promise<Box> {
  const { fingerprint } = box.record;
  try {
    const staging = await stageBox(store, fingerprint);
    await cp(box.folder, staging, { recursive: true });
    await run('sync', ['--file-system', staging], { signal });
    return await commitBox(store, fingerprint);
  } catch (error) {
    await removeBoxStaging(store, fingerprint);
    throw error;
  }
}

/** Makes a box invisible in one step, then removes it. */
export async function removeBox(store: string, fingerprint: string): Promise<void> {
  const doomed = join(store, STAGING + fingerprint);
  await removeTree(doomed);
  await rename(join(store, fingerprint), doomed);
  await removeTree(doomed);
}

export async function removeBoxStaging(store: string, fingerprint: string): Promise<void> {
  await removeTree(join(store, STAGING + fingerprint));
}

/** What a crash left of boxes in the making: fingerprints whose staging folder nobody holds a lock for. */
export async function stagedBoxes(store: string): Promise<readonly string[]> {
  return (await entriesOf(store))
    .filter((name) => name.startsWith(STAGING))
    .map((name) => name.slice(STAGING.length));
}

const SIX_MONTHS_DAYS = 183;

/**
 * Which boxes garbage collection removes: those older than `days`, but never the newest of a project,
 * and never one in use. Pure.
 */
export function staleBoxes(
  boxes: readonly Box[],
  options: {
    readonly now: Date;
    readonly days?: number;
    readonly all?: boolean;
    readonly inUse: ReadonlySet<string>;
  },
): readonly Box[] {
  const limit = options.now.getTime() - (options.days ?? SIX_MONTHS_DAYS) * 24 * 3600 * 1000;
  const newestFirst = [...boxes].sort((a, b) => b.record.createdAt.localeCompare(a.record.createdAt));
  const newest = new Map<string, Box>();
  for (const box of [...newestFirst].reverse()) newest.set(labelStem(box.record.label), box);
  return newestFirst.filter((box) => {
    if (options.inUse.has(box.record.fingerprint)) return false;
    if (options.all === true) return true;
    return newest.get(labelStem(box.record.label)) !== box && Date.parse(box.record.createdAt) < limit;
  });
}
