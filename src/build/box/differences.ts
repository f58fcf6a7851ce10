/** Why two base boxes of the same inputs are not the same: which of their files differ, where, and what diffoscope says. */
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { compareDisks, firstDifference, placeLines } from '../../basebox/compare-disks.js';
import { rawDisk as madeDisk } from '../../basebox/disk.js';
import { rootfsFiles } from '../../basebox/rootfs.js';
import type { Box } from '../../basebox/store.js';
import { writeWhole } from '../../artifacts/collect.js';
import { messageOf, throwIfAborted } from '../../errors.js';
import { boxFiles, differencesFolder } from '../../paths.js';
import { run, which } from '../../process/run.js';
import { formatBytes } from '../../report/format.js';
import type { Context } from '../context.js';

/** A box with what its making left, if it is there. */
export interface Candidate {
  /** `stored`, `made`: for people. */
  readonly name: string;
  readonly box: Box;
  /** Where it was made; undefined of one in the store. */
  readonly work: string | undefined;
}

export type Part = 'disk' | 'kernel' | 'initrd';

/** Pure. */
export function differingParts(one: Box, two: Box): readonly Part[] {
  const sums = ({ record }: Box): readonly (readonly [Part, string])[] => [
    ['disk', record.diskSha256],
    ['kernel', record.bootSha256.kernel],
    ['initrd', record.bootSha256.initrd],
  ];
  const others = new Map(sums(two));
  return sums(one).flatMap(([part, sum]) => (others.get(part) === sum ? [] : [part]));
}

export interface Explanation {
  /** Some of the report. */
  readonly lines: readonly string[];
  /** Where all of it is. */
  readonly report: string;
  /** Both were made from one and the same root file system. */
  readonly sameRootfs: boolean;
  /** diffoscope would say more, and is not there. */
  readonly wantsDiffoscope: boolean;
}

const DIFFOSCOPE = 'diffoscope';
/** Places of the disk, and lines of diffoscope's, that an error shows. */
const SHOWN = { places: 10, lines: 30 };

/** @param scratch an empty folder, with room for a disk */
export async function explainDifferences(
  context: Context,
  one: Candidate,
  two: Candidate,
  scratch: string,
): Promise<Explanation> {
  const { signal } = context;
  const parts = differingParts(one.box, two.box);
  const short: string[] = [];
  const long: string[] = [];
  const tell = (...lines: readonly string[]): void => {
    short.push(...lines);
    long.push(...lines);
  };
  const pairs: (readonly [string, string])[] = [];
  const tars = [one, two].map(({ work }) => (work === undefined ? undefined : join(work, rootfsFiles.tar)));
  const sameRootfs = isPair(tars) && (await areSame(tars, signal));
  if (sameRootfs) tell('The root file systems, as tars, are the same.');
  const otherRootfs = isPair(tars) && !sameRootfs;
  if (otherRootfs) pairs.push(tars);

  for (const part of parts) {
    if (part === 'disk') {
      const found = await diskDifferences(one, two, scratch, signal);
      tell(found.head);
      short.push(...found.lines(SHOWN.places));
      long.push(...found.lines(Infinity));
    } else {
      const files = [one, two].map(({ box }) => join(box.folder, boxFiles[part])) as [string, string];
      tell(await fileDifference(part, files));
      // Both are in the root file system, too.
      if (!otherRootfs) pairs.push(files);
    }
  }
  const folder = differencesFolder(context.home);
  await mkdir(folder, { recursive: true });
  const report = join(folder, `${two.box.record.fingerprint}.txt`);
  await writeWhole(report, long.map((line) => `${line}\n`).join(''));
  const hasDiffoscope = which(DIFFOSCOPE) !== undefined;
  for (const pair of hasDiffoscope ? pairs : []) {
    const written = join(scratch, 'difference.txt');
    await rm(written, { force: true });
    try {
      await run(DIFFOSCOPE, ['--text', written, ...pair], { signal, accept: [0, 1], capture: false });
    } catch (error) {
      // What was found without it counts all the same.
      throwIfAborted(signal);
      short.push(`diffoscope could not compare them: ${messageOf(error)}`);
      continue;
    }
    short.push(...(await firstLines(written, SHOWN.lines)));
    await appendTo(report, written, signal);
  }
  return { lines: short, report, sameRootfs, wantsDiffoscope: !hasDiffoscope && pairs.length > 0 };
}

const isPair = (paths: readonly (string | undefined)[]): paths is readonly [string, string] =>
  paths.length === 2 && paths.every((path) => path !== undefined);

async function areSame(files: readonly [string, string], signal: AbortSignal): Promise<boolean> {
  return (await run('cmp', ['--silent', '--', ...files], { signal, accept: [0, 1] })).exitCode === 0;
}

async function diskDifferences(one: Candidate, two: Candidate, scratch: string, signal: AbortSignal) {
  const sums = `sha256 ${one.box.record.diskSha256} (${one.name}), ${two.box.record.diskSha256} (${two.name})`;
  try {
    const found = await compareDisks(
      await rawDisk(one, join(scratch, '1.raw'), signal),
      await rawDisk(two, join(scratch, '2.raw'), signal),
      signal,
    );
    const isSame = found.count === 0 && found.sizes[0] === found.sizes[1];
    const where = isSame
      ? 'is the same, and one has another checksum in its record than its bytes have'
      : `differs in ${found.count} ${found.count === 1 ? 'place' : 'places'}`;
    return {
      head: `disk: ${where}; ${sums}`,
      lines: (most: number) => placeLines(found, most).map((line) => `  ${line}`),
    };
  } catch (error) {
    throwIfAborted(signal);
    return { head: `disk: differs; ${sums}`, lines: () => [`  it cannot be read: ${messageOf(error)}`] };
  }
}

/** The one that was compressed, or what is in the store, with its holes. */
async function rawDisk({ box, work }: Candidate, target: string, signal: AbortSignal): Promise<string> {
  if (work !== undefined) return madeDisk(work);
  const disk = join(box.folder, boxFiles.disk);
  await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', disk, target], { signal });
  return target;
}

async function fileDifference(part: Part, files: readonly [string, string]): Promise<string> {
  let one, two;
  try {
    [one, two] = [await readFile(files[0]), await readFile(files[1])];
  } catch (error) {
    return `${part}: differs; it cannot be read: ${messageOf(error)}`;
  }
  const sizes =
    one.length === two.length
      ? `both have ${formatBytes(one.length)}`
      : `they have ${one.length} and ${two.length} bytes`;
  return `${part}: differs from byte ${firstDifference(one, two)} on; ${sizes}`;
}

/** It writes no file when it finds nothing. */
async function appendTo(report: string, written: string, signal: AbortSignal): Promise<void> {
  if (!(await exists(written))) return;
  await pipeline(createReadStream(written), createWriteStream(report, { flags: 'a' }), { signal });
}

async function firstLines(path: string, most: number): Promise<readonly string[]> {
  if (!(await exists(path))) return [];
  const file = await open(path, 'r');
  try {
    const lines: string[] = [];
    for await (const line of file.readLines()) {
      lines.push(line);
      if (lines.length === most) break;
    }
    return lines;
  } finally {
    await file.close();
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
