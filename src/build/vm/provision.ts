/** Provisions a VM: mayfly's own steps, then the project's script. The same for builds and for `vm provision`. */
import { prepare, provision } from '../../guest/provision.js';
import type { BuilderVm } from './builder-vm.js';
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
  const settings = guestSettings(plan);
  await journal.step('provision', 'Provisioning', async (say) => {
    const options = { signal: context.signal, onLine: say.output };
    await prepare(builder.guest, settings, options);
    await provision(
      builder.guest,
      plan.scripts.provision,
      settings,
      scriptEnvironment(plan, 'provision'),
      options,
    );
  });
}
