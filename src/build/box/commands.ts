/** The base box of a project as a command of its own; removing boxes is in remove.ts. */
import { findBox, type Box } from '../../basebox/store.js';
import { MayflyError } from '../../errors.js';
import { boxesFolder, scratchFolder } from '../../paths.js';
import { makeScratch } from '../../process/scratch.js';
import { ensureBox, type EnsuredBox } from './ensure.js';
import { createTwice } from './twice.js';
import { notePlanned } from '../archive/note-checkout.js';
import { openArchive } from '../archive/serve.js';
import type { Context } from '../context.js';
import { checkKeyrings } from '../plan/box-spec.js';
import { makePlan } from '../plan/plan.js';
import { reapLeftovers } from '../reap.js';

/**
 * Makes the base box that the builder directory asks for, uncommitted edits included.
 * @param options twice: make two, and compare; offline: from the local archive alone
 */
export async function createProjectBox(
  context: Context,
  options: { readonly twice?: boolean; readonly offline?: boolean } = {},
): Promise<EnsuredBox> {
  await reapLeftovers(context, context.report);
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const flags = options.offline === true ? { offline: true } : {};
  const plan = await makePlan(context, {
    flags,
    scratch: scratch.path,
    allowDirty: true,
    scripts: [],
    refresh: true,
  });
  await notePlanned(context, plan);
  await checkKeyrings(plan.archive.origins);
  await using archive = await openArchive(context, plan.archive, plan.options.offline, context.report);
  context.report({ type: 'step-started', step: 'box', title: 'Making the base box' });
  const started = performance.now();
  const ensured =
    options.twice === true
      ? { box: await createTwice(context, plan.box, archive, context.report), reused: false }
      : await ensureBox(context, plan.box, archive, context.report);
  const seconds = (performance.now() - started) / 1000;
  context.report({ type: 'step-finished', step: 'box', outcome: ensured.reused ? 'reused' : 'ok', seconds });
  return ensured;
}

/** The base box that the builder directory asks for. @throws MayflyError `box.not-made` */
export async function projectBox(context: Context): Promise<Box> {
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const plan = await makePlan(context, { flags: {}, scratch: scratch.path, allowDirty: true, scripts: [] });
  const box = await findBox(boxesFolder(context.home), plan.box.fingerprint);
  if (box !== undefined) return box;
  throw new MayflyError(
    'usage',
    'box.not-made',
    `The base box of this project, ${plan.box.label}, is not made yet.`,
    {
      hint: 'Make it: mayfly box create. Or name another: mayfly box list.',
    },
  );
}
