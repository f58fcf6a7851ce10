/** The two sides of the section `archive`: each keeps the same packages, from nothing and once more. */
import { join } from 'node:path';
import type { SourceFile } from '../src/basebox/store.js';
import { archiveFolder, resolveHome } from '../src/paths.js';
import { run } from '../src/process/run.js';
import { removeTree } from '../src/process/scratch.js';
import { FileFetcher } from '../src/snapshots/local/fetch-file.js';
import { SnapshotFinder } from '../src/snapshots/local/find-file.js';
import { archiveParts } from '../src/snapshots/local/layout.js';
import { readSnapshot } from '../src/snapshots/local/snapshot.js';
import { makeUpstream } from '../src/snapshots/upstream.js';
import { openAptly, type AptlyMirror } from './aptly.js';
import type { IndexedPackage } from './packages.js';
import { bytesOf, type Relay } from './relay.js';
import { timed, type Setting } from './setting.js';
import { requireProgram } from './trials.js';

/** Files at a time, as many as aptly is allowed. */
const AT_ONCE = 8;

/** One side, once: everything from nothing, and once more when nothing has changed. */
export interface Kept {
  readonly first: Step;
  readonly again: Step;
  readonly onDisk: number;
}

export interface Step {
  readonly seconds: number;
  readonly fetched: number;
}

export async function byMayfly(
  setting: Setting,
  relay: Relay,
  project: string,
  files: readonly SourceFile[],
): Promise<Kept> {
  const path = join(setting.folder, 'archive-home');
  const archive = archiveFolder(resolveHome({ MAYFLY_HOME: path }));
  const step = (): Promise<Step> =>
    counted(relay, async () => {
      const env = { ...relay.env, MAYFLY_HOME: path };
      const { stdout } = await setting.mayfly(['snapshots', 'take', '--json'], { cwd: project, env });
      await fetchAll(archive, JSON.parse(stdout) as readonly Serial[], files, setting.signal);
    });
  try {
    return { first: await step(), again: await step(), onDisk: await bytesOnDisk(archive, setting.signal) };
  } finally {
    await removeTree(path);
  }
}

interface Serial {
  readonly origin: string;
  readonly serial: string;
}

/** What the archive does when a base box asks for its packages, without making the box. */
async function fetchAll(
  archive: string,
  taken: readonly Serial[],
  files: readonly SourceFile[],
  signal: AbortSignal,
): Promise<void> {
  await using upstream = await makeUpstream(undefined);
  const fetcher = new FileFetcher(archive, upstream, signal);
  const finders = new Map<string, SnapshotFinder>();
  for (const { origin, serial } of taken) {
    const snapshot = await readSnapshot(archiveParts(archive).snapshots, origin, serial);
    finders.set(origin, new SnapshotFinder(archive, snapshot, signal));
  }
  const left = [...files];
  const work = async (): Promise<void> => {
    for (let file = left.pop(); file !== undefined; file = left.pop()) {
      const found = await finders.get(file.origin)?.find(file.path);
      if (found === undefined) throw new Error(`The mirror changed meanwhile: it has no ${file.path} now.`);
      await fetcher.ensure(found);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

export async function byAptly(
  setting: Setting,
  relay: Relay,
  architecture: string,
  mirrors: readonly AptlyMirror[],
  packages: readonly IndexedPackage[],
): Promise<{ readonly kept: Kept; readonly count: number }> {
  const { signal } = setting;
  const folder = join(setting.folder, 'aptly');
  requireProgram('aptly', setting.folder);
  try {
    const aptly = await openAptly({ folder, architecture, mirrors, packages, signal });
    const first = await counted(relay, async () => {
      await aptly.create();
      await aptly.update('first');
    });
    const again = await counted(relay, () => aptly.update('again'));
    const count = (await aptly.counts()).reduce((sum, value) => sum + value, 0);
    return { kept: { first, again, onDisk: await bytesOnDisk(aptly.root, signal) }, count };
  } finally {
    await removeTree(folder);
  }
}

async function counted(relay: Relay, work: () => Promise<void>): Promise<Step> {
  relay.take();
  const seconds = await timed(work);
  return { seconds, fetched: bytesOf(relay.take()) };
}

/** Blocks that are taken, not lengths of files. */
async function bytesOnDisk(folder: string, signal: AbortSignal): Promise<number> {
  return parseUsage((await run('du', ['--summarize', '--block-size=1', folder], { signal })).stdout);
}

/** What `du --summarize --block-size=1` prints. Pure. */
export function parseUsage(text: string): number {
  const bytes = /^(\d+)\t/.exec(text)?.[1];
  if (bytes === undefined) throw new Error('du did not say how much the folder takes');
  return Number(bytes);
}
