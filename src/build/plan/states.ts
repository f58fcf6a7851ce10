/** Which state of each origin a build of the checkout uses; whoever must know it asks here. */
import type { PlannedArchive } from '../archive/origins.js';
import { planArchive, type ArchiveRequest } from '../archive/plan.js';
import type { Release } from '../archive/release.js';
import { refuseContradictions } from '../archive/rules.js';
import { refuseExpired } from '../archive/validity.js';
import type { Context } from '../context.js';
import type { OptionFacts } from './facts.js';
import type { Project } from './project.js';
import type { ToBuild } from './to-build.js';

type Choice = Pick<ArchiveRequest, 'strict' | 'offline' | 'check' | 'tag' | 'warn'>;

export async function statesToBuild(
  context: Context,
  { project, config, folder, imageFolder }: ToBuild<OptionFacts>,
  choice: Choice,
): Promise<PlannedArchive> {
  const archive = await planArchive({
    ...choice,
    context,
    config,
    builderFolder: folder,
    imageFolder,
    release: releaseOf(project),
  });
  refuseContradictions(archive);
  if (choice.strict) refuseExpired(archive, new Date());
  return archive;
}

function releaseOf({ checkout }: Project): Release | undefined {
  const { releaseTag, commit } = checkout;
  return releaseTag === undefined ? undefined : { tag: releaseTag, commit };
}
