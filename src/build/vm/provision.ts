/** Provisions a VM: mayfly's own steps, then the project's script. The same for builds and for `vm provision`. */
import type { BoxPackage } from '../../basebox/create.js';
import { findBox } from '../../basebox/store.js';
import { boxesFolder } from '../../paths.js';
import { wantedFixes } from '../archive/fixes.js';
import { readBoxPackages } from '../box/files.js';
import { prepare, provision } from '../../guest/provision.js';
import type { BuilderVm } from './builder-vm.js';
import { copyShares } from './share-by-ssh.js';
import type { Context } from '../context.js';
import { guestSettings, scriptEnvironment } from '../plan/guest-environment.js';
import type { Journal } from '../record/journal.js';
import type { BuildPlan } from '../plan/plan.js';

export async function provisionVm(
  context: Context,
  journal: Journal,
  plan: BuildPlan,
  builder: BuilderVm,
): Promise<void> {
  await journal.step('provision', 'Provisioning', async (say) => {
    const fixes =
      plan.guest.setup === 'scripts'
        ? undefined
        : await wantedFixes(context, plan, await packagesOf(context, builder));
    if (fixes !== undefined) say.progress(`fixes of debian-security ${fixes}`);
    if (builder.vm.shareTags === undefined) {
      say.progress('copying the source');
      await copyShares(builder, context.signal);
    }
    const settings = guestSettings(plan, builder.vm.shareTags, fixes);
    const options = { signal: context.signal, onLine: say.output };
    for (const text of await prepare(builder.guest, settings, options)) {
      journal.tell({ type: 'notice', level: 'warning', text });
    }
    await provision(
      builder.guest,
      plan.scripts.provision,
      settings,
      scriptEnvironment(plan, 'provision'),
      options,
    );
  });
}

async function packagesOf(context: Context, builder: BuilderVm): Promise<readonly BoxPackage[]> {
  const box = await findBox(boxesFolder(context.home), builder.record.box);
  return box === undefined ? [] : await readBoxPackages(box);
}
