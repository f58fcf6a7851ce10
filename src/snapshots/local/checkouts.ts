/**
 * The checkouts that use the archive, so that expiry can ask them what they are frozen to. Each has a
 * note of its own: where it is, and what it was last known to name, for the day it cannot be read.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MayflyError } from '../../errors.js';
import { isFrozen } from '../serial.js';
import { readRecord } from './damaged.js';
import { namesIn } from './entries.js';
import { archiveParts } from './layout.js';
import { hasReleases, type Snapshot } from './snapshot.js';
import { writeOver } from './write-new.js';

const stateShape = z.object({
  origin: z.string(),
  serial: z.string(),
  /** Suite → SHA-256 of its InRelease file; empty where the serial alone is known. */
  releases: z.record(z.string(), z.string()),
});
/** What a checkout is frozen to. It is compared with what is stored, and never becomes a path. */
export type NamedState = Readonly<z.infer<typeof stateShape>>;

const noteShape = z.object({
  schema: z.literal(1),
  path: z.string(),
  states: z.array(stateShape),
  goneSince: z.iso.datetime().optional(),
});

export interface CheckoutNote {
  /** The real path of its top level. */
  readonly path: string;
  readonly states: readonly NamedState[];
  /** When it was first found to be gone. ISO 8601. */
  readonly goneSince?: string | undefined;
}

const NOTE = /^[0-9a-f]{32}\.json$/;

function noteFile(archive: string, path: string): string {
  const name = createHash('sha256').update(path).digest('hex').slice(0, 32);
  return join(archiveParts(archive).checkouts, `${name}.json`);
}

/** Notes that a checkout uses the archive, beside what is known of it. */
export async function noteCheckout(archive: string, { path, states }: CheckoutNote): Promise<void> {
  const known = await readNote(noteFile(archive, path)).catch((error: unknown) => {
    // The checkout itself can be asked: its note is written anew.
    if (error instanceof MayflyError) return undefined;
    throw error;
  });
  const frozen = states.filter(({ serial }) => isFrozen(serial));
  const merged = distinctStates([...(known?.states ?? []), ...frozen]);
  if (known === undefined || known.goneSince !== undefined || merged.length > known.states.length)
    await writeNote(archive, { path, states: merged });
}

/** Writes what is known of a checkout, whole or not at all. */
export async function writeNote(archive: string, note: CheckoutNote): Promise<void> {
  const text = `${JSON.stringify({ schema: 1, ...note }, undefined, 2)}\n`;
  await writeOver(noteFile(archive, note.path), text);
}

/** @throws MayflyError `archive.damaged` when nobody can say which checkout one is of */
export async function listCheckouts(archive: string): Promise<readonly CheckoutNote[]> {
  const { checkouts } = archiveParts(archive);
  const names = (await namesIn(checkouts)).filter((name) => NOTE.test(name)).sort();
  const notes = await Promise.all(names.map((name) => readNote(join(checkouts, name))));
  return notes.filter((note) => note !== undefined);
}

export async function forgetCheckout(archive: string, path: string): Promise<void> {
  await rm(noteFile(archive, path), { force: true });
}

const readNote = (file: string): Promise<CheckoutNote | undefined> =>
  readRecord(noteShape, file, 'a checkout');

/** Each once, in the same order. Pure. */
export function distinctStates(states: readonly NamedState[]): readonly NamedState[] {
  const keyOf = ({ origin, serial, releases }: NamedState): string =>
    JSON.stringify([origin, serial, Object.entries(releases).sort()]);
  return [...new Map(states.map((state) => [keyOf(state), state])).values()];
}

/** Whether a snapshot is what a state means: by its serial, or under another one by what is in it. Pure. */
export function isNamed(snapshot: Snapshot, states: readonly NamedState[]): boolean {
  return states.some(
    ({ origin, serial, releases }) =>
      origin === snapshot.origin &&
      (serial === snapshot.serial || (Object.keys(releases).length > 0 && hasReleases(snapshot, releases))),
  );
}
