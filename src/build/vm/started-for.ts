/** What a kept VM was started for decides whom it serves: also where no settings are compared, as in `vm provision`. */
import { MayflyError } from '../../errors.js';
import type { VmRecord } from '../../vm/record.js';
import type { BuildPlan } from '../plan/plan-type.js';

type Wants = Pick<BuildPlan, 'project' | 'source' | 'caches' | 'box'>;

const HINT = 'End it first: `mayfly vm destroy`. Or build with --force-cleanup, which starts a new VM.';

/** Before anything is made for it: a base box takes minutes. @throws MayflyError `vm.other-project`, `guest.wrong-branch`, `vm.other-box` */
export function refuseOtherStart(plan: Wants, kept: VmRecord): void {
  refuseOtherProject(plan, kept);
  refuseOtherRef(plan, kept);
  refuseOtherBox(plan, kept);
}

/** A folder may hold another project by now, as a workspace of CI does that was wiped. */
function refuseOtherProject({ project, caches }: Wants, kept: VmRecord): void {
  const what = otherProject(project.name, caches, kept);
  if (what === undefined) return;
  const text = `The kept VM ${kept.id} is not of the project ${project.name}, though it was started in this checkout.`;
  throw new MayflyError('refused', 'vm.other-project', text, { details: [what], hint: HINT });
}

/** Disks have the same serials in all projects; their caches do not have the same names. Pure. */
function otherProject(name: string, caches: BuildPlan['caches'], kept: VmRecord): string | undefined {
  if (kept.project !== undefined && kept.project !== name) return `it is of the project ${kept.project}`;
  for (const wanted of [caches.packages, caches.website]) {
    const [plugged] = Object.entries(kept.caches).find(([, { serial }]) => serial === wanted?.serial) ?? [];
    if (wanted !== undefined && plugged !== undefined && plugged !== wanted.name)
      return `its cache is ${plugged}, and ${wanted.name} is wanted`;
  }
  return undefined;
}

/** The guard in the VM decides; this one only saves the time until it is asked. */
function refuseOtherRef({ source: { ref } }: Wants, kept: VmRecord): void {
  if (kept.ref === ref.name) return;
  const text = `The kept VM ${kept.id} was started for ${kept.ref} and cannot build ${ref.name}.`;
  throw new MayflyError('refused', 'guest.wrong-branch', text, { hint: HINT });
}

function refuseOtherBox({ box }: Wants, kept: VmRecord): void {
  if (kept.box === box.fingerprint) return;
  const text = `The kept VM ${kept.id} was started from another base box than the builder directory now asks for.`;
  throw new MayflyError('refused', 'vm.other-box', text, { hint: HINT });
}
