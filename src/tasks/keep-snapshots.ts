/** Keeping the local archive: tags, holds, expiry, verification, and bundles for other hosts. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openProject } from '../build/plan/project.js';
import { keyringOf, DEBIAN_KEYRING } from '../build/archive/origins.js';
import { lockImports, ownArchive, useArchive } from '../build/archive/take-origin.js';
import type { Context } from '../build/context.js';
import { hasCode, MayflyError } from '../errors.js';
import { archiveFolder } from '../paths.js';
import { reapScratch } from '../process/scratch.js';
import { isDefaultOrigin } from '../config/schema-rules.js';
import { statesOfCheckouts } from './ask-checkouts.js';
import { exportTag } from '../snapshots/local/bundle.js';
import { expire, type Expired } from '../snapshots/local/expire.js';
import { holdSnapshot, releaseHold } from '../snapshots/local/holds.js';
import { importBundle, type Imported } from '../snapshots/local/import-bundle.js';
import { archiveParts } from '../snapshots/local/layout.js';
import { listSerials } from '../snapshots/local/snapshot.js';
import { allTags, readTag, removeTag, type Tag } from '../snapshots/local/tag.js';
import { verifyArchive, type Verified } from '../snapshots/local/verify.js';
import { hostProxies } from '../snapshots/host-proxy.js';
import { makeUpstream } from '../snapshots/upstream.js';

export async function expireSnapshots(
  context: Context,
  options: { readonly days: number; readonly dryRun: boolean },
): Promise<Expired> {
  await using _archive = await ownArchive(context, 'removes what has expired from the local archive');
  if (!options.dryRun) await reapIncoming(context);
  return await expire({
    archive: archiveFolder(context.home),
    ...options,
    named: await statesOfCheckouts(context, options.dryRun),
    now: new Date(),
    signal: context.signal,
  });
}

/** Removes what commands that were killed had begun to store. */
async function reapIncoming(context: Context): Promise<void> {
  for (const path of await reapScratch(archiveParts(archiveFolder(context.home)).incoming))
    context.report({ type: 'reaped', what: `the scratch folder ${path}` });
}

/** @throws MayflyError `snapshot.unknown` */
export async function hold(context: Context, origin: string, serial: string, reason: string): Promise<void> {
  // An expiry that runs has read the holds already, and may be about to remove this one.
  await using _archive = await useArchive(context);
  await refuseUnknown(context, origin, serial);
  await holdSnapshot(archiveFolder(context.home), origin, serial, reason);
}

/** @throws MayflyError `snapshot.not-held` */
export async function unhold(context: Context, origin: string, serial: string): Promise<void> {
  if (await releaseHold(archiveFolder(context.home), origin, serial)) return;
  throw new MayflyError('usage', 'snapshot.not-held', `The snapshot ${serial} of ${origin} is not held.`, {
    hint: '`mayfly snapshots list` shows what is.',
  });
}

async function refuseUnknown(context: Context, origin: string, serial: string): Promise<void> {
  const known = await listSerials(archiveParts(archiveFolder(context.home)).snapshots, origin);
  if (known.includes(serial)) return;
  throw new MayflyError(
    'usage',
    'snapshot.unknown',
    `The local archive has no snapshot ${serial} of ${origin}.`,
    {
      hint: known.length === 0 ? 'It has none of this origin.' : `It has ${known.slice(-8).join(', ')}.`,
    },
  );
}

/** All tags, by name. */
export async function listTags(context: Context): Promise<readonly Tag[]> {
  return await allTags(archiveFolder(context.home));
}

export async function untag(context: Context, tag: string): Promise<void> {
  await removeTag(archiveFolder(context.home), tag);
}

/** @param offline fetch nothing: say what is damaged, and mend nothing */
export async function verifySnapshots(context: Context, offline: boolean): Promise<Verified> {
  await using _archive = await useArchive(context);
  await reapIncoming(context);
  await using upstream = offline
    ? undefined
    : await makeUpstream(await hostProxies(context.env, context.signal));
  return await verifyArchive({
    archive: archiveFolder(context.home),
    upstream,
    signal: context.signal,
    progress: (text) => context.report({ type: 'progress', step: 'plan', text }),
  });
}

/** @returns the bundle's size in bytes */
export async function exportSnapshots(context: Context, name: string, file: string): Promise<number> {
  const archive = archiveFolder(context.home);
  await using _archive = await useArchive(context);
  return await exportTag(archive, await readTag(archive, name), resolve(context.cwd, file), context.signal);
}

export interface ImportOptions {
  /** For all origins; else each has the project's own, or Debian's. */
  readonly keyring?: string | undefined;
  /** What the tag is called here. Default: as in the bundle. */
  readonly as?: string | undefined;
}

export async function importSnapshots(
  context: Context,
  file: string,
  { keyring, as }: ImportOptions,
): Promise<Imported> {
  const bundle = resolve(context.cwd, file);
  await stat(bundle).catch((error: unknown) => {
    throw hasCode(error, 'ENOENT')
      ? new MayflyError('usage', 'bundle.missing', `There is no file ${bundle}.`)
      : error;
  });
  const keyrings = keyring === undefined ? await projectKeyrings(context) : undefined;
  await using _imports = await lockImports(context);
  await using _archive = await useArchive(context);
  await reapIncoming(context);
  return await importBundle({
    archive: archiveFolder(context.home),
    bundle,
    as,
    keyringOf: (origin) =>
      keyring === undefined ? keyringFor(origin, keyrings ?? {}) : resolve(context.cwd, keyring),
    signal: context.signal,
  }).catch((error: unknown) => {
    const isOurGuess = keyrings !== undefined && Object.keys(keyrings).length === 0;
    throw isOurGuess ? withoutProject(error) : error;
  });
}

const IN_A_CHECKOUT =
  'Call it in a checkout of the project, whose builder.yaml names it, or give --keyring FILE.';

/** Outside a project Debian's keyring is a guess. */
function withoutProject(error: unknown): unknown {
  if (!(error instanceof MayflyError) || error.code !== 'archive.bad-signature') return error;
  const { kind, code, message, details, cause } = error;
  const hint = `Debian's keyring was tried, as nothing names another. ${IN_A_CHECKOUT}`;
  return new MayflyError(kind, code, message, { details, hint, cause });
}

function keyringFor(origin: string, ofProject: Readonly<Record<string, string>>): string {
  const own = ofProject[origin];
  if (own !== undefined) return own;
  if (isDefaultOrigin(origin)) return DEBIAN_KEYRING;
  throw new MayflyError(
    'usage',
    'bundle.no-keyring',
    `No keyring is known for the origin ${origin} of the bundle.`,
    { hint: IN_A_CHECKOUT },
  );
}

/** A bundle may be imported anywhere; in a project, its keyrings count. */
async function projectKeyrings(context: Context): Promise<Readonly<Record<string, string>>> {
  try {
    const { checkout, builderFolder, config } = await openProject(context);
    const folder = join(checkout.topLevel, builderFolder);
    return Object.fromEntries(
      Object.entries(config.archive.origins).map(([name, settings]) => [name, keyringOf(settings, folder)]),
    );
  } catch (error) {
    if (error instanceof MayflyError && error.kind === 'usage') return {};
    throw error;
  }
}

export type { Expired, Imported, Tag, Verified };
