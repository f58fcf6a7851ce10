/** `mayfly snapshots resolve`: the serials that a build of the checkout as it is would use. */
import type { PlannedArchive } from '../build/archive/origins.js';
import type { Context } from '../build/context.js';
import { readOptionFacts } from '../build/plan/facts.js';
import { optionsFor } from '../build/plan/options.js';
import { statesToBuild } from '../build/plan/states.js';
import { withSourceToBuild } from '../build/plan/to-build.js';
import { scratchFolder } from '../paths.js';
import { makeScratch } from '../process/scratch.js';
import { chosenOrigins, withStates } from './snapshots.js';

/**
 * The commit that a build would make, a release's tag and the build options decide, as in a build; every
 * `latest` is made a serial. Uncommitted changes, which a build refuses, are warned of.
 * @param asked origins to tell of; none: all
 * @throws MayflyError `origin.unknown`
 */
export async function resolveSerials(
  context: Context,
  asked: readonly string[] = [],
): Promise<PlannedArchive> {
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const request = { flags: {}, scratch: scratch.path, allowDirty: true };
  const warn = (text: string): void => context.report({ type: 'notice', level: 'warning', text });
  return await withSourceToBuild(context, request, readOptionFacts, async (source) => {
    const { facts, config, project } = source;
    const chosen = withStates(context, config, chosenOrigins({ config }, asked));
    const { options } = optionsFor(config, project, facts, context, request);
    const { dirty, shortId } = project.checkout;
    if (dirty.length > 0 && !options.ignoreChanges) {
      warn(
        `The checkout has uncommitted changes, with which no build begins. The image's serials are those of commit ${shortId}.`,
      );
    }
    const archive = await statesToBuild(context, source, { strict: true, offline: options.offline, warn });
    return { ...archive, origins: archive.origins.filter(({ origin }) => chosen.includes(origin)) };
  });
}
