/** Whether each provider works here: it is tried, and the first thing that stops it is told. */
import { loadConfig } from '../config/load.js';
import { PROVIDERS, type ProviderName } from '../config/providers.js';
import { MayflyError, messageOf } from '../errors.js';
import { candidates } from '../build/plan/provider.js';
import { openProject } from '../build/plan/project.js';
import { providerOf } from '../vm/providers.js';
import type { Context } from '../build/context.js';
import type { Finding } from './finding.js';

export async function providerFindings(context: Context): Promise<readonly Finding[]> {
  const libvirt = await hostsOfProject(context);
  return await Promise.all(
    PROVIDERS.flatMap((name) => candidates(name, libvirt)).map(({ name, connection }) =>
      providerFinding(context, name, connection),
    ),
  );
}

/** The hosts that the project names, where there is one. */
async function hostsOfProject(context: Context): Promise<readonly string[]> {
  const defaults = loadConfig('', { file: 'builder.yaml', defaults: { name: 'project' } }).vm.libvirt;
  return await openProject(context).then(
    ({ config }) => config.vm.libvirt,
    () => defaults,
  );
}

async function providerFinding(
  context: Context,
  provider: ProviderName,
  connection: string | undefined,
): Promise<Finding> {
  const where = provider === 'libvirt' ? ` ${connection ?? ''}` : '';
  const base = { name: `provider ${provider}${where}`, purpose: `for \`--provider ${provider}\`` };
  // A VM of no size: how much memory one wants is known when it is planned.
  const need = { connection, memoryBytes: 0, diskBytes: 0, availableMemory: 0, signal: context.signal };
  try {
    const support = await providerOf(provider).supported(need);
    if (support.supported) return { ...base, state: 'ok', found: support.found };
    // Without QEMU nothing works, and its own row says so; the others are a choice.
    return { ...base, state: 'optional', found: support.reason, hint: support.hint };
  } catch (error) {
    // What a program answers that cannot even say its version.
    const hint = error instanceof MayflyError ? error.hint : undefined;
    return {
      ...base,
      state: 'optional',
      found: messageOf(error),
      hint: hint ?? byHand(provider, connection),
    };
  }
}

function byHand(provider: ProviderName, connection: string | undefined): string {
  switch (provider) {
    case 'qemu':
      return 'Try it by hand: qemu-system-x86_64 --version';
    case 'libvirt':
      return `Try it by hand: virsh -c '${connection ?? 'qemu:///session'}' version`;
    case 'vagrant':
      return 'Try it by hand: vagrant plugin list';
  }
}
