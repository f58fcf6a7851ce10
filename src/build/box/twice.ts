/** Makes a base box twice and compares: the promise of the same bytes, tried. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyBox, findBox, type Box } from '../../basebox/store.js';
import { MayflyError } from '../../errors.js';
import { boxesFolder } from '../../paths.js';
import { lock } from '../../process/lock.js';
import { makeScratch, publicScratchParent } from '../../process/scratch.js';
import type { Report } from '../../report/events.js';
import type { Context } from '../context.js';
import type { BuildPlan } from '../plan/plan.js';
import { differingParts, explainDifferences, type Candidate } from './differences.js';
import { boxLock } from './ensure.js';
import { makeBox, type BoxArchive } from './make.js';

const WORK = 'work';

/**
 * Makes two boxes of the same inputs, each with disk tools of its own, and compares them with each
 * other and with the one in the store.
 * @returns the one in the store: the first of them, when there was none
 * @throws MayflyError `box.not-reproducible`, with what differs, and where
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
    for (const part of [WORK, 'boxes', 'tools']) await mkdir(join(folder, part), { recursive: true });
    return await makeBox(context, planned, archive, report, {
      boxStore: join(folder, 'boxes'),
      toolsStore: join(folder, 'tools'),
      scratch: join(folder, WORK),
    });
  };
  report({ type: 'notice', level: 'info', text: 'Making the base box twice, to compare.' });
  const one = await make(first);
  const two = await make(second);
  const comparison = join(scratch.path, 'comparison');
  await mkdir(comparison);
  const made = { name: 'first', box: one, work: join(first, WORK) };
  if (differingParts(one, two).length > 0) {
    throw await notReproducible(
      context,
      made,
      { name: 'second', box: two, work: join(second, WORK) },
      comparison,
      { message: 'Made twice from the same inputs, the base box is not the same.' },
    );
  }
  const stored = await findBox(boxesFolder(context.home), planned.fingerprint);
  if (stored !== undefined && differingParts(stored, one).length > 0) {
    throw await notReproducible(
      context,
      { name: 'stored', box: stored, work: undefined },
      { ...made, name: 'made, twice' },
      comparison,
      {
        message: 'The base box that is stored here is not what its inputs make now.',
        hint: `Remove it, and make it again: mayfly box remove ${stored.record.fingerprint.slice(0, 12)}. It is ${stored.record.label}, of ${stored.record.createdAt}.`,
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

const OF_POSTINSTALL = 'Often it is basebox/postinstall: a date, a key, a random number.';
const OF_MAYFLY =
  'The packages and basebox/postinstall gave the same: it is in how mayfly makes a disk of them. Please report it.';

async function notReproducible(
  context: Context,
  one: Candidate,
  two: Candidate,
  scratch: string,
  error: { readonly message: string; readonly hint?: string },
): Promise<MayflyError> {
  const { lines, report, sameRootfs, wantsDiffoscope } = await explainDifferences(context, one, two, scratch);
  const hints = [
    error.hint ?? (sameRootfs ? OF_MAYFLY : OF_POSTINSTALL),
    ...(wantsDiffoscope
      ? ['diffoscope would say more: apt-get install diffoscope-minimal, and try again.']
      : []),
  ];
  return new MayflyError('script', 'box.not-reproducible', error.message, {
    details: lines,
    log: report,
    hint: hints.join(' '),
  });
}
