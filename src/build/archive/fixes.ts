/**
 * Fixes of security for a VM whose base box does not have them: a frozen box is the same for
 * everybody, so what came after it is installed when the VM boots.
 */
import type { BoxPackage } from '../../basebox/create.js';
import { archiveFolder } from '../../paths.js';
import { SECURITY_ORIGIN } from '../../snapshots/freeze.js';
import { newestVersions } from '../../snapshots/local/versions.js';
import { compareVersions } from '../../snapshots/version.js';
import type { Context } from '../context.js';
import type { BuildPlan } from '../plan/plan-type.js';
import { isMirror, plannedAddress } from './address.js';
import { snapshotOf } from './stored.js';

/** A new kernel would only run after a boot, and the VM's own lives as long as the VM. */
const KERNEL = 'linux-image-';

/**
 * The serial of debian-security that the VM must be brought to; undefined when there is nothing to do.
 * @param packages those of the base box
 */
export async function wantedFixes(
  context: Context,
  plan: BuildPlan,
  packages: readonly BoxPackage[],
): Promise<string | undefined> {
  const planned = plan.archive.origins.find(({ origin }) => origin === SECURITY_ORIGIN);
  if (planned === undefined || plan.vm.network === 'none') return undefined;
  const { serial } = planned.box;
  // A mirror's index is not here to be read, and the box has what it had once: APT in the VM finds out.
  if (isMirror(plannedAddress(plan.archive, planned))) return serial;
  const inBox = plan.box.spec.sources.find(({ origin }) => origin === SECURITY_ORIGIN);
  if (inBox?.serial === serial) return undefined;
  const archive = archiveFolder(context.home);
  const snapshot = await snapshotOf(context, plan.archive, SECURITY_ORIGIN, planned.box);
  const newest = await newestVersions(archive, snapshot, context.signal);
  return outdated(packages, newest).length === 0 ? undefined : serial;
}

/** Names of packages that have a fix. Pure. */
export function outdated(
  packages: readonly BoxPackage[],
  newest: ReadonlyMap<string, string>,
): readonly string[] {
  return packages
    .filter(({ name, version }) => {
      const candidate = newest.get(name);
      return candidate !== undefined && !name.startsWith(KERNEL) && compareVersions(version, candidate) < 0;
    })
    .map(({ name }) => name);
}
