/** A kept VM is used again only for a build that would get the same from a VM of its own. */
import { MayflyError } from '../../errors.js';
import { formatSize } from '../../config/units.js';
import type { VmRecord } from '../../vm/record.js';
import type { BuildPlan } from '../plan/plan-type.js';

type Wants = Pick<BuildPlan, 'vm' | 'options' | 'caches'>;

interface Difference {
  /** What the VM has, and what is wanted. */
  readonly text: string;
  /** The build option that asks for it, in the words of a list of options. */
  readonly option?: string;
}

/** @throws MayflyError `vm.other-settings` that lists every one */
export function refuseOtherSettings(plan: Wants, kept: VmRecord): void {
  const found = differences(plan, kept);
  if (found.length === 0) return;
  const options = found.flatMap(({ option }) => option ?? []);
  const without =
    options.length === found.length ? ` Or leave out ${options.join(' ')}: the VM goes on as it is.` : '';
  throw new MayflyError('refused', 'vm.other-settings', `The kept VM ${kept.id} is not what is asked for.`, {
    details: found.map(({ text }) => text),
    hint: `End it first: \`mayfly vm destroy\`. Or build with --force-cleanup, which starts a new VM.${without}`,
  });
}

/** What nobody asked for is as the VM has it; more memory or another cache disk than wanted harms no build. Pure. */
function differences({ vm, options, caches }: Wants, kept: VmRecord): readonly Difference[] {
  const found: Difference[] = [];
  const network = vm.network === 'open' ? 'open' : 'restricted';
  if (kept.network !== network) {
    found.push({
      text: `its network is ${kept.network}, and vm.network or what is frozen makes it ${vm.network}`,
    });
  }
  if (kept.memoryBytes < vm.memoryBytes) {
    found.push({
      text: `it has ${formatSize(kept.memoryBytes)} of memory, and ${formatSize(vm.memoryBytes)} are needed`,
      ...(options.ram ? { option: 'ram' } : {}),
    });
  }
  for (const [name, has, wanted] of [
    ['cpus', kept.cpus, options.cpus],
    ['cpumodel', kept.cpuModel, options.cpuModel],
    ['machinetype', kept.machineType, options.machineType],
  ] as const) {
    if (wanted === undefined || wanted === has) continue;
    found.push({
      text: `its ${name} is ${has ?? 'the default'}, and ${wanted} is asked for`,
      option: `${name}=${wanted}`,
    });
  }
  const plugged = new Set(Object.values(kept.caches).map(({ serial }) => serial));
  for (const cache of [caches.packages, caches.website]) {
    if (cache !== undefined && !plugged.has(cache.serial))
      found.push({ text: `it has no disk for the cache ${cache.name}` });
  }
  return found;
}
