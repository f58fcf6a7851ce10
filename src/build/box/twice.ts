/** Makes a base box twice and compares: the promise of the same bytes, tried. */
import { copyFile, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { rootfsFiles } from '../../basebox/rootfs.js';
import { copyBox, findBox, type Box } from '../../basebox/store.js';
import { MayflyError } from '../../errors.js';
import { boxesFolder, differencesFolder, scratchFolder } from '../../paths.js';
import { lock } from '../../process/lock.js';
import { run, which } from '../../process/run.js';
import { makeScratch, publicScratchParent } from '../../process/scratch.js';
import type { Report } from '../../report/events.js';
import type { Context } from '../context.js';
import type { BuildPlan } from '../plan/plan.js';
import { boxLock } from './ensure.js';
import { makeBox, type BoxArchive } from './make.js';

/**
 * Makes two boxes of the same inputs, each with disk tools of its own, and compares them with each
 * other and with the one in the store.
 * @returns the one in the store: the first of them, when there was none
 * @throws MayflyError `box.not-reproducible`, with what diffoscope says
 */
export async function createTwice(
  context: Context,
  planned: BuildPlan['box'],
  archive: BoxArchive,
  report: Report,
): Promise<Box> {
  await using scratch = await makeScratch(publicScratchParent(context.env), 0o755);
  const [first, second] = [join(scratch.path, '1'), join(scratch.path, '2')];
  const make = async (folder: string): Promise<Box> => {
    for (const part of ['work', 'boxes', 'tools']) await mkdir(join(folder, part), { recursive: true });
    return await makeBox(context, planned, archive, report, {
      boxStore: join(folder, 'boxes'),
      toolsStore: join(folder, 'tools'),
      scratch: join(folder, 'work'),
    });
  };
  report({ type: 'notice', level: 'info', text: 'Making the base box twice, to compare.' });
  const one = await make(first);
  const two = await make(second);
  if (!sameContent(one, two)) {
    throw await notReproducible(
      context,
      planned,
      first,
      second,
      'Made twice from the same inputs, the base box is not the same.',
    );
  }
  const stored = await findBox(boxesFolder(context.home), planned.fingerprint);
  if (stored !== undefined && !sameContent(stored, one)) {
    throw new MayflyError(
      'script',
      'box.not-reproducible',
      'The base box that is stored here is not what its inputs make now.',
      {
        details: [`stored: ${stored.record.diskSha256}`, `made:   ${one.record.diskSha256} (twice)`],
        hint: `Remove it (mayfly box clean --all) and make it again. It is ${stored.record.label}, of ${stored.record.createdAt}.`,
      },
    );
  }
  return stored ?? (await keep(context, one));
}

/** What was made is as good as any. */
async function keep(context: Context, box: Box): Promise<Box> {
  const { fingerprint } = box.record;
  await using _box = await lock(boxLock(context, fingerprint), {
    purpose: `stores base box ${fingerprint.slice(0, 12)}`,
    signal: context.signal,
  });
  const store = boxesFolder(context.home);
  return (await findBox(store, fingerprint)) ?? (await copyBox(box, store, context.signal));
}

function sameContent(a: Box, b: Box): boolean {
  return (
    a.record.diskSha256 === b.record.diskSha256 &&
    a.record.bootSha256.kernel === b.record.bootSha256.kernel &&
    a.record.bootSha256.initrd === b.record.bootSha256.initrd
  );
}

const DIFFOSCOPE = 'diffoscope';
/** Lines of its report that an error shows. */
const SHOWN = 30;

async function notReproducible(
  context: Context,
  planned: BuildPlan['box'],
  first: string,
  second: string,
  message: string,
): Promise<MayflyError> {
  const [one, two] = [first, second].map((folder) => join(folder, 'work', rootfsFiles.tar)) as [
    string,
    string,
  ];
  if ((await which(DIFFOSCOPE)) === undefined) {
    return new MayflyError('script', 'box.not-reproducible', message, {
      hint: 'What differs, diffoscope would say: apt-get install diffoscope-minimal, and try again. Often it is basebox/postinstall: a date, a key, a random number.',
    });
  }
  const folder = differencesFolder(context.home);
  await mkdir(folder, { recursive: true });
  const report = join(folder, `${planned.fingerprint}.txt`);
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const written = join(scratch.path, 'difference.txt');
  await run(DIFFOSCOPE, ['--text', written, one, two], {
    signal: context.signal,
    accept: [0, 1],
    capture: false,
  });
  await copyFile(written, report);
  const lines = await firstLines(report, SHOWN);
  return new MayflyError('script', 'box.not-reproducible', message, {
    details: lines.length === 0 ? ['The root file systems are the same; the disks are not.'] : lines,
    log: report,
    hint: 'Often it is basebox/postinstall: a date, a key, a random number.',
  });
}

async function firstLines(path: string, most: number): Promise<readonly string[]> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return [];
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
