/** Writing serial files: freezing, thawing, and one serial by hand. */
import { join } from 'node:path';
import { addressOf, isMirror } from '../build/archive/address.js';
import type { SerialSet } from '../build/archive/origins.js';
import { noteUse } from '../build/archive/note-checkout.js';
import { useArchive } from '../build/archive/take-origin.js';
import type { Context } from '../build/context.js';
import { archiveFolder } from '../paths.js';
import { frozenSerials } from '../snapshots/freeze.js';
import type { NamedState } from '../snapshots/local/checkouts.js';
import { findSnapshot } from '../snapshots/local/find-snapshot.js';
import { archiveParts } from '../snapshots/local/layout.js';
import { releasesOf, type Snapshot } from '../snapshots/local/snapshot.js';
import { taggedSnapshots } from '../snapshots/local/tag.js';
import { isFrozen } from '../snapshots/serial.js';
import { writeState, type Serials } from '../snapshots/serial-files.js';
import { newestSerials, type SerialProject } from './snapshots.js';

export interface FreezeRequest {
  readonly origins: readonly string[];
  readonly sets: readonly SerialSet[];
  /** Freeze debian-security too: it was named, or asked for. */
  readonly security: boolean;
}

export interface Frozen {
  /** What the serial files hold now. */
  readonly serials: Serials;
  /** The folders that were written, absolute. */
  readonly written: readonly string[];
}

/** Writes the newest serials into the serial files. */
export async function freeze(
  context: Context,
  project: SerialProject,
  request: FreezeRequest,
): Promise<Frozen> {
  const newest = await newestSerials(context, project, request.origins, true);
  const serials = frozenSerials(newest, { security: request.security });
  return { serials, written: await writeAll(context, project, serials, request.sets) };
}

/** The caller does not use the archive yet. @returns the folders that were written, absolute */
export async function writeAll(
  context: Context,
  project: SerialProject,
  serials: Serials,
  sets: readonly SerialSet[],
): Promise<readonly string[]> {
  const written: string[] = [];
  const states: NamedState[] = [];
  // An expiry that runs has asked the checkouts already, and may be about to remove what is written here.
  const { archive } = project.config;
  const hasStates = (origin: string): boolean => !isMirror(addressOf(archive, origin));
  const namesStored = Object.entries(serials).some(
    ([origin, serial]) => hasStates(origin) && isFrozen(serial),
  );
  await using _archive = namesStored ? await useArchive(context) : undefined;
  for (const [origin, serial] of Object.entries(serials)) {
    const known = await storedState(context, project, origin, serial);
    const state = { serial, releases: known === undefined ? {} : releasesOf(known) };
    const takesNothing = archive.origins[origin]?.suites.length === 0;
    const wanted = sets.filter((set) => !(set === 'box' && takesNothing));
    for (const set of wanted) {
      await writeState(project.directories[set], origin, state);
      written.push(join(project.directories[set], origin));
    }
    states.push({ origin, ...state });
  }
  await noteUse(context, project.topLevel, Object.keys(archive.origins).some(hasStates), states);
  return written;
}

/** Writes one serial, also one that is not here: then says so. @returns the folders that were written */
export async function setSerial(
  context: Context,
  project: SerialProject,
  origin: string,
  serial: string,
  sets: readonly SerialSet[],
): Promise<readonly string[]> {
  const written = await writeAll(context, project, { [origin]: serial }, sets);
  const isLocal = addressOf(project.config.archive, origin).kind === 'local';
  if (isLocal && isFrozen(serial) && (await storedState(context, project, origin, serial)) === undefined) {
    const text = `The local archive has no snapshot ${serial} of ${origin}: no build can use it until it is there (mayfly snapshots import).`;
    context.report({ type: 'notice', level: 'warning', text });
  }
  return written;
}

/** What a serial stands for; a service's states may be signed anew. */
async function storedState(
  context: Context,
  { config }: SerialProject,
  origin: string,
  serial: string,
): Promise<Snapshot | undefined> {
  if (addressOf(config.archive, origin).kind !== 'local' || !isFrozen(serial)) return undefined;
  const archive = archiveFolder(context.home);
  const tagged = await taggedSnapshots(archive);
  const shelf = archiveParts(archive).snapshots;
  return await findSnapshot({ shelf, origin, serial, releases: {}, tagged });
}
