/** Tells the local archive which checkout uses it, so that expiry asks that one before it removes anything. */
import { realpath } from 'node:fs/promises';
import { hostError } from '../../errors.js';
import { archiveFolder } from '../../paths.js';
import { noteCheckout, type NamedState } from '../../snapshots/local/checkouts.js';
import type { Context } from '../context.js';
import { hasStates } from './address.js';
import type { PlannedArchive } from './origins.js';

/**
 * @param topLevel of the checkout; undefined while it is none yet
 * @param hasAny any origin has states: not all come from mirrors
 * @param states what it is known to be frozen to
 */
export async function noteUse(
  context: Context,
  topLevel: string | undefined,
  hasAny: boolean,
  states: readonly NamedState[],
): Promise<void> {
  if (topLevel === undefined || !hasAny) return;
  try {
    await noteCheckout(archiveFolder(context.home), { path: await realpath(topLevel), states });
  } catch (error) {
    const problem = hostError(error);
    if (problem === undefined) throw error;
    // Of a build from a full or closed disk, this is the least problem.
    const text = `The local archive cannot note this checkout, so \`mayfly snapshots expire\` does not know of it. ${problem.message}`;
    context.report({ type: 'notice', level: 'warning', text });
  }
}

/**
 * What Git names; not what `latest` is just now. For commands that use what they planned: a plan alone changes nothing.
 */
export async function notePlanned(
  context: Context,
  { project, archive }: { readonly project: { readonly checkout: string }; readonly archive: PlannedArchive },
): Promise<void> {
  const states = archive.origins.flatMap(({ origin, box, image }) =>
    [box, image].map(({ wanted, serial, releases }) => ({
      origin,
      serial: wanted,
      releases: serial === wanted ? releases : {},
    })),
  );
  await noteUse(context, project.checkout, hasStates(archive), states);
}
