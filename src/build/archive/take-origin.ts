/** Takes a snapshot of one origin into the local archive, as a project's settings want it. */
import { TOOLS_SUITE } from '../../basebox/recipe.js';
import type { Config, OriginConfig } from '../../config/config.js';
import { archiveFolder, lockFile } from '../../paths.js';
import { lock, type Lock } from '../../process/lock.js';
import { publicScratchParent } from '../../process/scratch.js';
import { hostUpstream } from '../../snapshots/host-apt.js';
import { newestCovering } from '../../snapshots/local/covers.js';
import type { OriginRequest } from '../../snapshots/local/fetch-suite.js';
import { signedFor } from '../../snapshots/local/signers.js';
import type { Snapshot } from '../../snapshots/local/snapshot.js';
import { takeSnapshot, type Taken } from '../../snapshots/local/take.js';
import { isAhead } from '../../snapshots/serial.js';
import type { Upstream } from '../../snapshots/upstream.js';
import type { Context } from '../context.js';
import { keyringOf, type SerialSet } from './origins.js';

/** What a project's settings say of its archive and of its base box. */
export type ArchiveSettings = Pick<Config, 'archive' | 'basebox'>;

export async function takeOrigin(
  context: Context,
  config: ArchiveSettings,
  origin: string,
  builderFolder: string,
  upstream: Upstream,
): Promise<Taken> {
  const request = originRequest(context, config, origin, builderFolder, upstream);
  const url = settingsOf(config, origin).url ?? (await hostUpstream(origin, context.signal));
  await using _lock = await lockOrigin(context, origin);
  await using _archive = await useArchive(context);
  const taken = await takeSnapshot({ ...request, url });
  if (taken.wentBack.length > 0) {
    const text = `The mirror has an older state of ${taken.wentBack.join(', ')} than the snapshot ${taken.snapshot.serial} of ${origin}, which is used: does the mirror lag, or somebody replay an old state? ${url}`;
    context.report({ type: 'notice', level: 'warning', text });
  }
  const { serial } = taken.snapshot;
  if (isAhead(serial, request.now)) {
    const text = `The snapshot ${serial} of ${origin} is of a day that has not come: was the clock of this host ahead once, or is it behind now? Until that day, serials count on from it.`;
    context.report({ type: 'notice', level: 'warning', text });
  }
  return taken;
}

export function originRequest(
  context: Context,
  config: ArchiveSettings,
  origin: string,
  builderFolder: string,
  upstream: Upstream,
  of: SerialSet = 'box',
): Omit<OriginRequest, 'url'> {
  return {
    archive: archiveFolder(context.home),
    origin,
    ...wantedOf(config, origin, of),
    keyring: keyringOf(settingsOf(config, origin), builderFolder),
    upstream,
    now: new Date(),
    signal: context.signal,
    progress: (text) => context.report({ type: 'progress', step: 'plan', text: `snapshot of ${text}` }),
  };
}

/** What of an origin a base box or an image needs. */
export function wantedOf(
  config: ArchiveSettings,
  origin: string,
  of: SerialSet,
): Pick<OriginRequest, 'suites' | 'components' | 'architectures'> {
  const { suites, components } = settingsOf(config, origin);
  // The disk tools come from their own suite, whatever the box's is.
  const tools = origin === 'debian' && of === 'box' ? [TOOLS_SUITE] : [];
  return {
    suites: [...new Set([...suites, ...tools])],
    components,
    architectures: [config.basebox.architecture],
  };
}

/** The newest snapshot that is stored of what a project calls by this name. */
export async function newestStoredFor(
  context: Context,
  config: ArchiveSettings,
  origin: string,
  builderFolder: string,
  shelf: string,
): Promise<Snapshot | undefined> {
  const wanted = wantedOf(config, origin, 'box');
  const keyring = keyringOf(settingsOf(config, origin), builderFolder);
  // Not in the archive: a plan writes nothing there.
  const scratch = publicScratchParent(context.env);
  const judge = { archive: archiveFolder(context.home), keyring, scratch, signal: context.signal };
  return await newestCovering(shelf, origin, wanted, signedFor({ ...wanted, ...judge }));
}

export function settingsOf(config: ArchiveSettings, origin: string): OriginConfig {
  const settings = config.archive.origins[origin];
  if (settings === undefined) throw new Error(`The origin ${origin} is not configured.`);
  return settings;
}

/** One snapshot of an origin is taken at a time. */
export async function lockOrigin(context: Context, origin: string): Promise<Lock> {
  return await lock(lockFile(context.home, `archive-${origin}`), {
    purpose: `takes a snapshot of ${origin}`,
    signal: context.signal,
  });
}

const archiveLock = (context: Context): string => lockFile(context.home, 'archive');

/** Nothing that is stored is removed meanwhile. Any number of processes may use it at a time. */
export async function useArchive(context: Context): Promise<Lock> {
  return await lock(archiveLock(context), {
    purpose: 'uses the local archive',
    signal: context.signal,
    shared: true,
    // Only who has it alone writes who it is.
    onWait: (holder) => tellWaiting(context, `for the local archive: ${holder}`),
  });
}

/** Nobody uses it meanwhile: builds do until they have ended. */
export async function ownArchive(context: Context, purpose: string): Promise<Lock> {
  return await lock(archiveLock(context), {
    purpose,
    signal: context.signal,
    onWait: () => tellWaiting(context, 'until no build, and no other command, uses the local archive.'),
  });
}

/** One bundle is imported at a time: two might bring the same tag. */
export async function lockImports(context: Context): Promise<Lock> {
  return await lock(lockFile(context.home, 'archive-import'), {
    purpose: 'imports a bundle into the local archive',
    signal: context.signal,
    onWait: (holder) => tellWaiting(context, `for another import: ${holder}`),
  });
}

function tellWaiting(context: Context, what: string): void {
  context.report({ type: 'notice', level: 'info', text: `Waiting ${what}` });
}
