/** Logs of builds on disk: what they take, and removing the old ones. */
import type { Stats } from 'node:fs';
import { lstat, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../build/context.js';
import { readAbout } from '../build/record/about.js';
import { buildRecord, type BuildRecord } from '../build/record/record.js';
import { hasCode } from '../errors.js';
import { buildFiles, buildsFolder, vmsFolder } from '../paths.js';
import { entriesOf } from '../process/entries.js';
import { isAlive } from '../process/owner.js';
import { formatBytes } from '../report/format.js';
import type { Finding } from './finding.js';
import { oldLogs, type KnownLog } from './old-logs.js';

/** Bytes of logs that people may want to hear of. */
const MUCH = 1e9;

export interface CleanedLogs {
  readonly removed: readonly { readonly id: string; readonly checkout: string; readonly bytes: number }[];
  readonly bytes: number;
  /** Folders that are left because nothing tells what they are of. */
  readonly unknown: readonly string[];
}

export async function cleanLogs(
  context: Context,
  options: { readonly days: number; readonly dryRun: boolean },
): Promise<CleanedLogs> {
  const folder = buildsFolder(context.home);
  // VMs first: one that is made meanwhile has a log that is newer than all of these.
  const vms = new Set(await entriesOf(vmsFolder(context.home)));
  const logs = await knownLogs(folder);
  const old = oldLogs(logs, { now: new Date(), days: options.days, vms });
  for (const { id } of options.dryRun ? [] : old) await removeLog(join(folder, id));
  return {
    removed: old.map(({ id, about, bytes }) => ({ id, checkout: about?.checkout ?? '', bytes })),
    bytes: sum(old),
    unknown: logs.filter(({ about }) => about === undefined).map(({ id }) => join(folder, id)),
  };
}

/** What doctor says of them. */
export async function logsFinding(context: Context): Promise<Finding> {
  const { count, bytes } = await sizeOfLogs(context);
  const isMuch = bytes > MUCH;
  return {
    name: 'logs',
    purpose: 'what builds said and did',
    state: isMuch ? 'warning' : 'ok',
    found:
      count === 0 ? 'none yet' : `${formatBytes(bytes)} of ${count === 1 ? 'one build' : `${count} builds`}`,
    ...(isMuch ? { hint: 'Remove old ones: `mayfly clean --logs`, or `--logs --older-than 30`.' } : {}),
  };
}

/** How many logs there are, and what they take. */
async function sizeOfLogs(context: Context): Promise<{ readonly count: number; readonly bytes: number }> {
  const folder = buildsFolder(context.home);
  const sizes = [];
  for (const id of await logIds(folder)) sizes.push(await filesOf(join(folder, id)));
  return { count: sizes.length, bytes: sum(sizes) };
}

const sum = (sizes: readonly { readonly bytes: number }[]): number =>
  sizes.reduce((total, { bytes }) => total + bytes, 0);

/** Names that a build gives: nothing else is ours to judge. */
async function logIds(folder: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const name of await entriesOf(folder)) {
    if (!/^\d{8}T\d{6}Z-[0-9a-f]{4}$/.test(name)) continue;
    if ((await entryOf(join(folder, name)))?.isDirectory() === true) ids.push(name);
  }
  return ids;
}

async function knownLogs(folder: string): Promise<readonly KnownLog[]> {
  const logs: KnownLog[] = [];
  for (const id of await logIds(folder)) {
    logs.push({ id, about: await factsOf(join(folder, id)), ...(await filesOf(join(folder, id))) });
  }
  return logs;
}

const LOGS: ReadonlySet<string> = new Set([...Object.values(buildFiles), `${buildFiles.about}.new`]);

async function filesOf(folder: string): Promise<Pick<KnownLog, 'hasMore' | 'changedAt' | 'bytes'>> {
  let hasMore = false;
  let changed = (await entryOf(folder))?.mtimeMs ?? Date.now();
  let bytes = 0;
  for (const name of await entriesOf(folder)) {
    const entry = await entryOf(join(folder, name));
    if (entry === undefined) continue;
    if (!LOGS.has(name) || !entry.isFile()) hasMore = true;
    changed = Math.max(changed, entry.mtimeMs);
    bytes += entry.size;
  }
  return { hasMore, changedAt: new Date(changed), bytes };
}

/** Undefined when it went meanwhile: builds go on beside us. */
async function entryOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** From what was written when it began, and from its record; a record that cannot be read may be a success. */
async function factsOf(folder: string): Promise<KnownLog['about']> {
  const record = await recordOf(folder);
  if (record === 'unreadable') return undefined;
  const about = await readAbout(folder);
  const project = record?.plan['project'] as { checkout?: string } | undefined;
  const checkout = project?.checkout ?? about?.checkout;
  if (checkout === undefined) return undefined;
  return {
    checkout,
    vm: about?.vm ?? record?.vm?.id,
    isRunning: about !== undefined && (await isAlive(about.owner)),
    hasSucceeded: record?.outcome === 'success',
  };
}

async function recordOf(folder: string): Promise<BuildRecord | 'unreadable' | undefined> {
  try {
    const text = await readFile(join(folder, buildFiles.record), 'utf8');
    return buildRecord.safeParse(JSON.parse(text)).data ?? 'unreadable';
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    if (error instanceof SyntaxError) return 'unreadable';
    throw error;
  }
}

/** File by file, what names it last: what came there meanwhile stays, and a removal that stops half-way can go on. */
async function removeLog(folder: string): Promise<void> {
  const last: readonly string[] = [buildFiles.record, buildFiles.about];
  const names = [...LOGS].filter((name) => !last.includes(name));
  for (const name of [...names, ...last]) await rm(join(folder, name), { force: true });
  await rmdir(folder).catch((error: unknown) => {
    // Or another job on this host was at it.
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'ENOENT')) throw error;
  });
}
