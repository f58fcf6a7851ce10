/** Tags what a build used: from its record, so that nothing else is kept and nothing is left out. */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mirroredOrigins } from '../build/archive/address.js';
import type { PlannedArchive, PlannedState } from '../build/archive/origins.js';
import { snapshotOf } from '../build/archive/stored.js';
import { useArchive } from '../build/archive/take-origin.js';
import type { Context } from '../build/context.js';
import type { BuildPlan } from '../build/plan/plan.js';
import { buildRecord, type BuildRecord } from '../build/record/record.js';
import { hasCode, MayflyError } from '../errors.js';
import { archiveFolder, buildFiles, buildsFolder } from '../paths.js';
import { FileFetcher } from '../snapshots/local/fetch-file.js';
import { SnapshotFinder } from '../snapshots/local/find-file.js';
import type { Snapshot } from '../snapshots/local/snapshot.js';
import { addTag, checkTagName, snapshotKey, type Tag, type UsedFile } from '../snapshots/local/tag.js';
import { hostProxies } from '../snapshots/host-proxy.js';
import { makeUpstream } from '../snapshots/upstream.js';
import { findPlaces } from '../source/index.js';

/**
 * @param record path of a `build.json`; undefined for the newest successful build of this checkout
 * @throws MayflyError `tag.no-record`, `tag.not-frozen`, `tag.incomplete`, `tag.exists`
 */
export async function tagBuild(context: Context, name: string, record: string | undefined): Promise<Tag> {
  const tag = checkTagName(name);
  const built =
    record === undefined ? await newestRecord(context) : await readRecord(resolve(context.cwd, record));
  const plan = built.plan as unknown as BuildPlan;
  const files = usedFiles(built);
  await using _archive = await useArchive(context);
  const snapshots = await snapshotsOf(context, plan.archive);
  await bringAll(context, files, snapshots);
  const made: Tag = {
    schema: 1,
    tag,
    project: plan.project.name,
    commit: plan.source.featureCommit,
    createdAt: new Date().toISOString(),
    serials: Object.fromEntries(
      plan.archive.origins.map(({ origin, box, image }) => [
        origin,
        { box: box.serial, image: image.serial },
      ]),
    ),
    snapshots,
    files,
    record: { ...built },
  };
  await addTag(archiveFolder(context.home), made);
  return made;
}

/** Every file once: what the base box was made from, whenever that was, and what the build had. Pure. */
export function usedFiles(record: BuildRecord): UsedFile[] {
  const ofBox = record.box?.files;
  if (record.outcome !== 'success') {
    throw new MayflyError('usage', 'tag.no-record', `The build ${record.build} did not succeed.`, {
      hint: 'Build until it succeeds, and tag that.',
    });
  }
  if (record.archive === undefined || ofBox === undefined) {
    const text = 'The record does not tell what the base box was made from: it is older than that.';
    const remove =
      record.box === undefined ? '' : `mayfly box remove ${record.box.fingerprint.slice(0, 12)}, `;
    throw new MayflyError('usage', 'tag.no-record', text, {
      hint: `Build again, with a new base box, and tag that: ${remove}mayfly build.`,
    });
  }
  const all = new Map<string, UsedFile>();
  for (const { origin, serial, path, sha256, bytes } of [...ofBox, ...record.archive.served]) {
    all.set(`${origin}/${serial}/${path}`, { origin, serial, path, sha256, bytes });
  }
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
}

async function snapshotsOf(context: Context, archive: PlannedArchive): Promise<Record<string, Snapshot>> {
  if (mirroredOrigins(archive).length > 0) {
    throw new MayflyError(
      'usage',
      'tag.not-frozen',
      'What a mirror has cannot be tagged: it keeps no states.',
      {
        hint: 'Set archive.kind in builder.yaml to local, and build again.',
      },
    );
  }
  const snapshots: Record<string, Snapshot> = {};
  const add = async (origin: string, state: PlannedState): Promise<void> => {
    const { serial } = state;
    // Under the serial that the build knew it by: on this host the same state may have another.
    snapshots[snapshotKey(origin, serial)] ??= {
      ...(await snapshotOf(context, archive, origin, state)),
      serial,
    };
  };
  for (const { origin, suites, box, image } of archive.origins) {
    // Of one without suites the build was told the serial, and had nothing.
    if (suites.length === 0) continue;
    await add(origin, box);
    await add(origin, image);
  }
  return snapshots;
}

/** Every file is in the archive, and is what the signed indexes say. */
async function bringAll(
  context: Context,
  files: readonly UsedFile[],
  snapshots: Readonly<Record<string, Snapshot>>,
): Promise<void> {
  const archive = archiveFolder(context.home);
  await using upstream = await makeUpstream(await hostProxies(context.env, context.signal));
  const fetcher = new FileFetcher(archive, upstream, context.signal);
  const finders = new Map(
    Object.entries(snapshots).map(([key, snapshot]) => [
      key,
      new SnapshotFinder(archive, snapshot, context.signal),
    ]),
  );
  const lost: string[] = [];
  for (const file of files) {
    const name = `${file.origin} ${file.serial} ${file.path}`;
    const found = await finders.get(snapshotKey(file.origin, file.serial))?.find(file.path);
    if (found?.sha256 !== file.sha256) {
      lost.push(`${name}: no signed index names it`);
      continue;
    }
    await fetcher.ensure(found).catch((error: unknown) => {
      if (!(error instanceof MayflyError) || error.kind === 'interrupted') throw error;
      lost.push(`${name}: ${error.message}`);
    });
  }
  if (lost.length === 0) return;
  throw new MayflyError(
    'host',
    'tag.incomplete',
    lost.length === 1
      ? 'A file that the build used is not to be had.'
      : `${lost.length} files that the build used are not to be had.`,
    { details: lost.slice(0, 10), hint: 'Build again, and tag that build.' },
  );
}

async function newestRecord(context: Context): Promise<BuildRecord> {
  const { topLevel } = await findPlaces(context.cwd, { signal: context.signal });
  const folder = buildsFolder(context.home);
  const names = await readdir(folder).catch(() => []);
  for (const name of [...names].sort().reverse()) {
    const record = await readRecord(join(folder, name, buildFiles.record)).catch((error: unknown) => {
      if (error instanceof MayflyError) return undefined;
      throw error;
    });
    const checkout = (record?.plan['project'] as { checkout?: string } | undefined)?.checkout;
    if (record?.outcome === 'success' && checkout === topLevel) return record;
  }
  throw new MayflyError('usage', 'tag.no-record', 'This host has no successful build of this checkout.', {
    hint: 'Build first, or name a record: --record artifacts/build.json.',
  });
}

async function readRecord(path: string): Promise<BuildRecord> {
  let parsed;
  try {
    parsed = buildRecord.safeParse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !hasCode(error, 'ENOENT')) throw error;
  }
  if (parsed?.success === true) return parsed.data;
  throw new MayflyError('usage', 'tag.no-record', `${path} is no build record.`, {
    hint: 'A build leaves it beside its artifacts: build.json.',
  });
}
