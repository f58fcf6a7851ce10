/** What a build had from the archive, asked of its VM when its script has ended. */
import { proxyAnswers } from '../../guest/fetched.js';
import type { ServedFile } from '../../snapshots/local/server.js';
import type { Context } from '../context.js';
import type { BuildPlan } from '../plan/plan.js';
import type { BuilderVm } from '../vm/builder-vm.js';
import type { BuildArchive } from './serve.js';
import { outsideError, usedFiles } from './used.js';

/** What the build had from the archive: a pinned one may have had nothing else. */
export async function noteUsed(
  context: Context,
  plan: BuildPlan,
  builder: BuilderVm,
  archive: BuildArchive,
): Promise<readonly ServedFile[]> {
  const options = { signal: context.signal, onLine: () => undefined };
  const answers = plan.apt.proxyInVm ? await proxyAnswers(builder.guest, options) : [];
  const { cached, outside } = await usedFiles(context, plan.archive, answers, archive.served);
  for (const address of outside) archive.outside.add(address);
  if (plan.archive.pinned && archive.outside.size > 0) throw outsideError(archive.outside);
  return cached;
}
