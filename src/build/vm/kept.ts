/** The VM that was kept for a checkout. */
import { MayflyError } from '../../errors.js';
import { vmsFolder } from '../../paths.js';
import { quoteCommand } from '../../process/command-error.js';
import { listVms, type KnownVm } from '../../vm/registry.js';
import { hostOf } from '../../vm/where.js';
import type { Context } from '../context.js';

/** Running or halted, if there is one: a build of the checkout uses it again. Without one, one that crashed, or that of another host. */
export async function findKeptVm(context: Context, checkout: string): Promise<KnownVm | undefined> {
  const vms = (await listVms(vmsFolder(context.home))).filter(({ record }) => record.checkout === checkout);
  return (
    vms.find(({ state }) => state === 'kept' || state === 'halted') ??
    vms.find(({ state }) => state === 'crashed') ??
    vms.find(({ state, record }) => (state === 'elsewhere' && record.kept) || state === 'silent')
  );
}

/** Its root file system has no journal, and is never checked. @throws MayflyError `vm.crashed` */
export function refuseCrashed({ state, record }: Pick<KnownVm, 'state' | 'record'>): void {
  if (state !== 'crashed') return;
  const text = `The VM ${record.id} ended without being halted: its disk may be damaged.`;
  throw new MayflyError('refused', 'vm.crashed', text, {
    hint: 'End it: `mayfly vm destroy`; what it added to its caches is dropped. Or build with --force-cleanup, which starts a new VM.',
  });
}

/** @throws MayflyError `vm.elsewhere`, `vm.silent` */
export function refuseElsewhere({ state, record, folder }: KnownVm): void {
  const { id, connection } = record;
  if (state === 'silent') {
    const where = connection ?? 'its libvirt';
    throw new MayflyError(
      'refused',
      'vm.silent',
      `The VM ${id} was kept, and ${where} does not answer now.`,
      {
        hint: `Try again when it does: virsh --connect ${connection ?? 'qemu:///system'} list. If that host is gone for good, remove the VM's folder: ${quoteCommand(['rm', '-r', folder])}`,
      },
    );
  }
  if (state !== 'elsewhere') return;
  const text = `The VM ${id} is on ${hostOf(record)}, and can be used, started and ended there only.`;
  throw new MayflyError('refused', 'vm.elsewhere', text, {
    hint: `Call mayfly there; \`mayfly vm destroy ${id}\` ends it. If that host is gone for good, remove the VM's folder: ${quoteCommand(['rm', '-r', folder])}`,
  });
}
