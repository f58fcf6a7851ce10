/** The VM that was kept for a checkout. */
import { vmsFolder } from '../../paths.js';
import { listVms, type KnownVm } from '../../vm/registry.js';
import type { Context } from '../context.js';

/** Running or halted, if there is one: a build of the checkout uses it again. */
export async function findKeptVm(context: Context, checkout: string): Promise<KnownVm | undefined> {
  const vms = await listVms(vmsFolder(context.home));
  return vms.find((vm) => vm.record.checkout === checkout && (vm.state === 'kept' || vm.state === 'halted'));
}
