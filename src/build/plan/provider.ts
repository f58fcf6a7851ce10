/** Which provider runs the VM, and where: what was asked for, or the first that works; every refusal is told. */
import { PROVIDERS, type ProviderChoice, type ProviderName } from '../../config/providers.js';
import type { Config, VmConfig } from '../../config/config.js';
import type { BuildOptions, ResolvedOptions } from '../../config/options.js';
import { isAborted, MayflyError } from '../../errors.js';
import { notInstalled } from '../../process/command-error.js';
import { which } from '../../process/run.js';
import { cpuFlags, type Accelerator } from '../../vm/accelerator.js';
import { parseConnection } from '../../vm/libvirt/connection.js';
import { askHost } from '../../vm/libvirt/host.js';
import { providerOf } from '../../vm/providers.js';
import type { Need } from '../../vm/provider.js';
import type { KnownVm } from '../../vm/registry.js';
import { SYSTEM } from '../../vm/vagrant/vagrantfile.js';
import type { Context } from '../context.js';
import type { HostFacts } from './facts.js';
import type { PlanRequest } from './plan.js';

export interface ChosenProvider {
  readonly name: ProviderName;
  /** libvirt's URI. */
  readonly connection: string | undefined;
  /** Candidates before it that were refused, and why. */
  readonly refused: readonly string[];
}

/** A provider, and the libvirt that it is to use. */
export interface Candidate {
  readonly name: ProviderName;
  readonly connection: string | undefined;
}

/** In the order in which they are tried. Pure. */
export function candidates(choice: ProviderChoice, libvirt: readonly string[]): readonly Candidate[] {
  const names = choice === 'auto' ? PROVIDERS : [choice];
  return names.flatMap((name): readonly Candidate[] => {
    switch (name) {
      case 'qemu':
        return [{ name, connection: undefined }];
      case 'libvirt':
        return libvirt.map((connection) => ({ name, connection }));
      case 'vagrant':
        return [{ name, connection: SYSTEM }];
    }
  });
}

/** Memory of the VM, bytes. */
export function memoryOf(vm: VmConfig, options: Pick<BuildOptions, 'ram'>): number {
  return vm.memory + (options.ram ? vm.buildMemory : 0);
}

/** What was asked for, the provider of the VM that will be used again, or that of builder.yaml. */
export async function planProvider(
  context: Context,
  request: Pick<PlanRequest, 'provider' | 'tryProvider'>,
  kept: KnownVm | undefined,
  config: Pick<Config, 'vm'>,
  { options, origins }: Pick<ResolvedOptions, 'options' | 'origins'>,
  { availableMemory }: Pick<HostFacts, 'availableMemory'>,
): Promise<ChosenProvider> {
  if (kept !== undefined) {
    const { provider, connection, id } = kept.record;
    const wanted = request.provider ?? provider;
    if (wanted === provider || wanted === 'auto') return { name: provider, connection, refused: [] };
    throw new MayflyError('refused', 'vm.other-provider', `The kept VM ${id} runs on ${provider}.`, {
      hint: 'End it first: `mayfly vm destroy`. Or build with --force-cleanup, which starts a new VM.',
    });
  }
  const choice = request.provider ?? config.vm.provider;
  const all = candidates(choice, config.vm.libvirt);
  const [first] = all;
  // That it is there is asked before minutes of work; what else it lacks, it says itself when it starts.
  if (choice === 'qemu' && request.tryProvider === true) requireQemu(context.cwd);
  if (first !== undefined && (request.tryProvider !== true || choice === 'qemu'))
    return { ...first, refused: [] };
  // Where nobody asked for a build in memory, it is one only on a host that has that much.
  const ram = options.ram && origins.ram !== 'default';
  const memoryBytes = memoryOf(config.vm, { ram });
  const diskBytes = ram ? 0 : config.vm.buildMemory;
  return await firstSupported(context, choice, all, { memoryBytes, diskBytes, availableMemory });
}

/** @throws CommandError `command.not-found` */
function requireQemu(cwd: string): void {
  for (const program of ['qemu-system-x86_64', 'qemu-img']) {
    if (which(program) === undefined) throw notInstalled([program], cwd);
  }
}

/** @throws MayflyError `provider.unsupported` that names every refusal */
async function firstSupported(
  context: Context,
  choice: ProviderChoice,
  all: readonly Candidate[],
  room: Pick<Need, 'memoryBytes' | 'diskBytes' | 'availableMemory'>,
): Promise<ChosenProvider> {
  const refused: string[] = [];
  const hints: string[] = [];
  for (const { name, connection } of all) {
    const support = await providerOf(name).supported({ connection, ...room, signal: context.signal });
    if (support.supported) return { name, connection, refused };
    refused.push(`${name}: ${support.reason}`);
    hints.push(support.hint);
  }
  const what = choice === 'auto' ? 'No provider works here.' : `The provider ${choice} does not work here.`;
  throw new MayflyError('host', 'provider.unsupported', what, {
    details: refused,
    hint: [...new Set(hints)].join('\n'),
  });
}

/** What the host has that runs the VM. @param local what this one has */
export async function factsOfHost(
  context: Context,
  { connection }: ChosenProvider,
  local: HostFacts,
): Promise<HostFacts> {
  // The QEMU of this person's own session may do what they may.
  if (connection === undefined || parseConnection(connection).isSession) return local;
  const isHere = !connection.startsWith('qemu+ssh:');
  const wanted = context.env['MAYFLY_ACCELERATOR'];
  const flags = isHere ? await cpuFlags() : undefined;
  const ask = askHost(connection, wanted, context.signal, flags);
  if (!isHere) return { ...local, ...(await ask) };
  const asked = await ask.catch((error: unknown) => {
    if (isAborted(context.signal)) throw error;
    // It says what is wrong when it is to start the VM.
    return undefined;
  });
  return { ...local, accelerator: ofSystem(local.accelerator, asked?.accelerator) };
}

/**
 * The system's QEMU runs as another user: libvirt knows whether that one may use KVM. Pure.
 * @param local what this person's QEMU can do
 * @param asked what libvirt says
 */
export function ofSystem(local: Accelerator, asked: Accelerator | undefined): Accelerator {
  return asked === undefined || local.isDisproved === true ? local : asked;
}
