/** Makes a planned box from the archive of a build. */
import { createBox, type CreateJob } from '../../basebox/create.js';
import type { Box } from '../../basebox/store.js';
import { MayflyError } from '../../errors.js';
import type { Report } from '../../report/events.js';
import type { BuildArchive } from '../archive/serve.js';
import { unfetchedError, type Unfetched } from '../archive/unfetched.js';
import type { Context } from '../context.js';
import type { BuildPlan } from '../plan/plan.js';

export type BoxArchive = Pick<BuildArchive, 'onHost' | 'served' | 'traffic' | 'unfetched'>;

/**
 * The caller holds the locks that createBox wants.
 * @throws MayflyError `archive.offline` where the archive had not all that it takes, and those of createBox
 */
export async function makeBox(
  context: Context,
  planned: BuildPlan['box'],
  archive: BoxArchive,
  report: Report,
  places: Pick<CreateJob, 'boxStore' | 'toolsStore' | 'scratch'> & { readonly expectedBytes?: number },
): Promise<Box> {
  try {
    return await createBox({
      ...places,
      spec: { ...planned.spec, sources: planned.spec.sources.map(archive.onHost) },
      inputs: planned.inputs,
      fingerprint: planned.fingerprint,
      label: planned.label,
      report,
      signal: context.signal,
      traffic: archive.traffic,
      served: () => archive.served.map(({ source: _source, ...file }) => file),
    });
  } catch (error) {
    if (!isForWantOf(archive.unfetched, error)) throw error;
    throw unfetchedError('The base box could not be made', archive.unfetched.take(), error);
  }
}

/** APT tells of a network that failed: it knows nothing of --offline. */
function isForWantOf(unfetched: Unfetched, error: unknown): boolean {
  const codes = ['box.archive-unreachable', 'box.packages-failed', 'box.postinstall-failed'];
  return error instanceof MayflyError && codes.includes(error.code) && unfetched.hasPackages;
}
