/** Whether Vagrant can run builder VMs here: it, its plug-in and the libvirt below are asked. */
import { CommandError } from '../../process/command-error.js';
import { which } from '../../process/run.js';
import { virsh } from '../libvirt/connection.js';
import { libvirtSupport } from '../libvirt/support.js';
import type { Need, Support } from '../provider.js';
import { vagrant } from './command.js';
import { SYSTEM } from './vagrantfile.js';

const INSTALL = 'sudo apt-get install --no-install-recommends';
const PACKAGES = `${INSTALL} vagrant vagrant-libvirt libvirt-daemon-system`;
const drivers = (packages: string): string => `${INSTALL} ${packages}, then sudo systemctl restart libvirtd`;

const no = (reason: string, hint: string): Support => ({ supported: false, reason, hint });

/** A program's own last words. */
const wordsOf = ({ failure, message }: CommandError): string =>
  (failure.tail.findLast((line) => line.trim() !== '') ?? message).replace(/^error:\s*/, '');

export async function vagrantSupport(need: Need): Promise<Support> {
  if (which('vagrant') === undefined) return no('vagrant is not installed', PACKAGES);
  const libvirt = await libvirtSupport({ ...need, connection: SYSTEM });
  if (!libvirt.supported) return libvirt;
  const networks = await networkProblem(need.signal);
  if (networks !== undefined) return networks;
  try {
    const options = { cwd: '/', signal: need.signal };
    const { stdout: plugins } = await vagrant(['plugin', 'list', '--machine-readable'], options);
    if (!plugins.includes('vagrant-libvirt')) return no('Vagrant has no plug-in vagrant-libvirt', PACKAGES);
    const version = (await vagrant(['--version'], options)).stdout.trim();
    return { supported: true, found: `${version}, ${libvirt.found}` };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // Vagrant says first what is wrong, and then what it thinks of it.
    const first = error.failure.tail.find((line) => line.trim() !== '');
    return no(first ?? error.message, 'Try it by hand: vagrant plugin list');
  }
}

/**
 * The plug-in makes the networks that it wants, and starts those that are there (create_networks.rb): none has to be.
 * But libvirt must have networks at all, and filters for a VM that is to reach nothing.
 */
async function networkProblem(signal: AbortSignal): Promise<Support | undefined> {
  for (const [list, what, packages] of [
    ['net-list', 'networks', 'libvirt-daemon-driver-network dnsmasq-base'],
    ['nwfilter-list', 'network filters', 'libvirt-daemon-driver-nwfilter iptables'],
  ] as const) {
    try {
      await virsh(SYSTEM, [list], { signal });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const reason = `libvirt at ${SYSTEM} has no ${what}, which Vagrant needs: ${wordsOf(error)}`;
      return no(reason, drivers(packages));
    }
  }
  return undefined;
}
