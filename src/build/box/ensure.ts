/** The base box of a plan: found in the store, or made, once, however many builds want it. */
import { labelStem } from '../../basebox/changes.js';
import { findBox, listBoxes, type Box, type SourceFile } from '../../basebox/store.js';
import { storedToolsFiles, toolsKey } from '../../basebox/tools.js';
import { boxesFolder, lockFile, toolsFolder } from '../../paths.js';
import { lock } from '../../process/lock.js';
import { makeFolder } from '../../process/make-folder.js';
import { makeScratch, publicScratchParent } from '../../process/scratch.js';
import type { Report } from '../../report/events.js';
import type { Context } from '../context.js';
import type { BuildPlan } from '../plan/plan.js';
import { readBoxFiles } from './files.js';
import { makeBox, type BoxArchive } from './make.js';

export interface EnsuredBox {
  readonly box: Box;
  readonly reused: boolean;
}

/**
 * @throws MayflyError of kind `host`; the store is then as it was
 */
export async function ensureBox(
  context: Context,
  planned: BuildPlan['box'],
  archive: BoxArchive,
  report: Report,
): Promise<EnsuredBox> {
  const store = boxesFolder(context.home);
  const known = await findBox(store, planned.fingerprint);
  if (known !== undefined) return { box: known, reused: true };

  await makeFolder(store);
  const wait = (what: string) => (holder: string) =>
    report({
      type: 'progress',
      step: 'box',
      text: `waiting: ${holder === '' ? 'another mayfly' : holder} (${what})`,
    });
  await using _box = await lock(boxLock(context, planned.fingerprint), {
    purpose: `makes base box ${planned.fingerprint.slice(0, 12)}`,
    signal: context.signal,
    onWait: wait('the same base box'),
  });
  const made = await findBox(store, planned.fingerprint);
  if (made !== undefined) return { box: made, reused: true };
  await using _tools = await lock(lockFile(context.home, `tools-${await toolsKey(planned.spec.sources)}`), {
    purpose: 'makes the disk tools',
    signal: context.signal,
    onWait: wait('the disk tools'),
  });
  const boxes = await listBoxes(store);
  report({ type: 'notice', level: 'info', text: estimate(boxes) });
  const expectedBytes = await expectedTraffic(context, planned, boxes);
  await using scratch = await makeScratch(publicScratchParent(context.env), 0o755);
  const box = await makeBox(context, planned, archive, report, {
    boxStore: store,
    toolsStore: toolsFolder(context.home),
    scratch: scratch.path,
    ...(expectedBytes === undefined ? {} : { expectedBytes }),
  });
  return { box, reused: false };
}

export const boxLock = (context: Context, fingerprint: string): string =>
  lockFile(context.home, `box-${fingerprint}`);

/** What making a box will cost, from what it cost here before. */
export function estimate(boxes: readonly Box[]): string {
  // One that was imported took no time here.
  const last = boxes.find(({ record }) => record.seconds > 0)?.record;
  if (last === undefined) {
    return 'Making the base box, once: about 200 MB to download and 2 GB of disk while it is made; a minute or two on most machines.';
  }
  const seconds = Math.max(10, Math.round(last.seconds / 10) * 10);
  return `Making the base box: the last one took ${seconds} s here and has ${Math.round(last.fileBytes / 1e6)} MB.`;
}

/** What the project's last box took from the archive, in bytes; without its disk tools where these are there. */
async function expectedTraffic(
  context: Context,
  { label, spec }: BuildPlan['box'],
  boxes: readonly Box[],
): Promise<number | undefined> {
  const last = boxes.find(({ record }) => labelStem(record.label) === labelStem(label));
  const files = last && (await readBoxFiles(last));
  if (files === undefined) return undefined;
  const tools = (await storedToolsFiles(toolsFolder(context.home), spec.sources)) ?? [];
  return expectedBytes(files, tools);
}

/** @param there files of the disk tools, which are not fetched again. Pure. */
export function expectedBytes(
  files: readonly SourceFile[],
  there: readonly SourceFile[],
): number | undefined {
  const sum = (list: readonly SourceFile[]): number => list.reduce((total, { bytes }) => total + bytes, 0);
  const bytes = sum(files) - sum(there);
  return bytes > 0 ? bytes : undefined;
}
