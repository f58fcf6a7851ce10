/** Asks every checkout that uses the local archive what it is frozen to, before anything expires. */
import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Context } from '../build/context.js';
import { hasCode, isAborted, MayflyError } from '../errors.js';
import { archiveFolder } from '../paths.js';
import {
  distinctStates,
  forgetCheckout,
  isNamed,
  listCheckouts,
  writeNote,
  type CheckoutNote,
  type NamedState,
} from '../snapshots/local/checkouts.js';
import { storedSnapshots } from '../snapshots/local/needed.js';
import { parseReleases } from '../snapshots/serial-files.js';
import { isFrozen } from '../snapshots/serial.js';
import { branchLines, type FoundLine } from '../source/index.js';

/** The files of both sets, whatever the builder directory is called, and wherever its serials are. */
const QUESTION = {
  paths: ['**/serial', '**/InRelease.sha256'],
  line: '^[^0-9A-Za-z]*([0-9]{10}|[0-9]{8}T[0-9]{6}Z|[0-9a-f]{64} [ *][^ ]+)[[:space:]]*$',
} as const;

/**
 * The caller holds the archive for itself.
 * @param dryRun forget no checkout, and note nothing
 */
export async function statesOfCheckouts(
  context: Context,
  dryRun: boolean,
  now = new Date(),
): Promise<readonly NamedState[]> {
  const archive = archiveFolder(context.home);
  const snapshots = await storedSnapshots(archive);
  const all: NamedState[] = [];
  for (const note of await listCheckouts(archive)) {
    const { path, states } = note;
    try {
      if (await isGone(path)) {
        const isForgotten = await mournCheckout(archive, note, now, dryRun);
        const stored = states.filter((state) => snapshots.some((snapshot) => isNamed(snapshot, [state])));
        if (isForgotten || stored.length === 0) continue;
        all.push(...stored);
        const text = `The checkout ${path} is gone, or was moved: what it named stays for ${GONE_DAYS} days.`;
        context.report({ type: 'notice', level: 'warning', text });
        continue;
      }
      const found = statesIn(await branchLines(path, QUESTION, { signal: context.signal }));
      // What is not stored cannot expire: a note has no use for it, however much a checkout names.
      const stored = found.filter((state) => snapshots.some((snapshot) => isNamed(snapshot, [state])));
      all.push(...stored);
      if (!dryRun) await writeNote(archive, { path, states: stored });
    } catch (error) {
      if (isAborted(context.signal)) throw error;
      all.push(...states);
      context.report({ type: 'notice', level: 'warning', text: unreadable(path, error) });
    }
  }
  return all;
}

/** Half a year: its branches may live on in the repository that it was a work tree of, its disk may be elsewhere. */
const GONE_DAYS = 183;

/** @returns whether it has been gone for long enough to be forgotten */
async function mournCheckout(
  archive: string,
  note: CheckoutNote,
  now: Date,
  dryRun: boolean,
): Promise<boolean> {
  const since = note.goneSince === undefined ? now : new Date(note.goneSince);
  if (now.getTime() - since.getTime() >= GONE_DAYS * 24 * 3600 * 1000) {
    if (!dryRun) await forgetCheckout(archive, note.path);
    return true;
  }
  if (!dryRun && note.goneSince === undefined)
    await writeNote(archive, { ...note, goneSince: now.toISOString() });
  return false;
}

/** A folder without a repository is no checkout any more. */
async function isGone(path: string): Promise<boolean> {
  try {
    await lstat(join(path, '.git'));
    return false;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return true;
    throw error;
  }
}

function unreadable(path: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  const more = error instanceof MayflyError ? ` ${error.details.at(-1) ?? ''}` : '';
  return `The checkout ${path} uses the local archive, but cannot be asked what it is frozen to: what it named when it last could stays. ${why}${more}`.trimEnd();
}

/** Serials with the checksums beside them, each commit's and each folder's by itself. Pure. */
export function statesIn(lines: readonly FoundLine[]): readonly NamedState[] {
  const folders = new Map<string, { origin: string; serials: string[]; checksums: string[] }>();
  for (const { commit, path, text } of lines) {
    const folder = dirname(path);
    const key = `${commit ?? ''}:${folder}`;
    const state = folders.get(key) ?? { origin: basename(folder), serials: [], checksums: [] };
    folders.set(key, state);
    (basename(path) === 'serial' ? state.serials : state.checksums).push(text.trim());
  }
  const states = [...folders.values()].flatMap(({ origin, serials, checksums }) =>
    serials.filter(isFrozen).map((serial) => ({ origin, serial, releases: releasesIn(checksums) })),
  );
  return distinctStates(states);
}

/** Files that a merge has spoilt say nothing; the serial beside them still does. */
function releasesIn(checksums: readonly string[]): NamedState['releases'] {
  try {
    return checksums.length === 0 ? {} : parseReleases(checksums.join('\n'), '');
  } catch {
    return {};
  }
}
