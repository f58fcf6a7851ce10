/** Fetches artifacts from a VM that was kept. */
import { join } from 'node:path';
import { checksumLines, writeWhole, type Artifact } from '../../artifacts/collect.js';
import { MayflyError } from '../../errors.js';
import { buildFiles, scratchFolder } from '../../paths.js';
import { makeScratch } from '../../process/scratch.js';
import { collect, publishArtifacts } from './bring-out.js';
import { ResultsFolder } from './folder.js';
import type { Context } from '../context.js';
import { makePlan } from '../plan/plan.js';
import { findVm, withVm } from '../vm/commands.js';

export interface Fetched {
  readonly directory: string;
  readonly artifacts: readonly Artifact[];
}

/** @throws MayflyError `artifacts.none` when the VM has none */
export async function fetchArtifacts(context: Context, directory: string | undefined): Promise<Fetched> {
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const plan = await makePlan(context, {
    flags: {},
    artifacts: directory,
    allowDirty: true,
    scripts: [],
    scratch: scratch.path,
  });
  const to = plan.artifacts.directory;
  await using results = new ResultsFolder(context.home);
  const artifacts = await withVm(context, await findVm(context, undefined), async (builder) => {
    const options = { signal: context.signal, onLine: () => undefined };
    const collected = await collect(plan, builder, options);
    if (collected.offers.length > 0) {
      const onWait = (text: string): void => {
        context.report({ type: 'notice', level: 'info', text });
      };
      await results.take(to, { signal: context.signal, onWait });
    }
    return await publishArtifacts(plan, collected, context.signal, context.report);
  });
  if (artifacts.length === 0) {
    throw new MayflyError(
      'script',
      'artifacts.none',
      `The VM has no file that matches ${plan.artifacts.patterns.join(', ')}.`,
    );
  }
  await writeWhole(join(to, buildFiles.checksums), checksumLines(artifacts));
  return { directory: to, artifacts };
}
