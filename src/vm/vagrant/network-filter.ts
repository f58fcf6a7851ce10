/**
 * What keeps a VM of Vagrant's that is cut off from the host itself: its network is a bridge, on which the host
 * has an address. A filter of libvirt's on the VM's interface lets through what Vagrant needs, and no more.
 * @see https://libvirt.org/formatnwfilter.html
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MayflyError } from '../../errors.js';
import { vmFiles } from '../../paths.js';
import { CommandError } from '../../process/command-error.js';
import { virsh } from '../libvirt/connection.js';
import { domainName } from '../libvirt/domain.js';
import { element, textElement, type Attributes } from '../libvirt/xml.js';
import { ISOLATED, SYSTEM } from './vagrantfile.js';

/** One for all VMs; libvirt takes a new text for it by its UUID. */
const FILTER = { name: 'mayfly-ssh-only', uuid: '6f0c1f0e-7d0b-4f43-9a55-2f8e1d0a53c7' } as const;

/** Ports that programs of the host connect from, both inclusive. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** proc(5), /proc/sys/net/ipv4/ip_local_port_range. Pure. */
export function parsePortRange(text: string): PortRange {
  const [, first = '32768', last = '60999'] = /^(\d+)\s+(\d+)/.exec(text) ?? [];
  return { first: Number(first), last: Number(last) };
}

/**
 * ARP, DHCP, and SSH that the host begins. Each packet is judged twice: on the bridge (mac, ip), which every host does
 * and which knows no connections, so a port of the host is one that its programs connect from; and by
 * connection (tcp, udp, all), which the hosts do that hand a bridge's packets to iptables. Pure.
 */
export function filterXml(ports: PortRange): string {
  const rule = (action: 'accept' | 'drop', direction: 'in' | 'out' | 'inout', match: string): string =>
    element('rule', { action, direction, priority: action === 'accept' ? 500 : 900 }, match);
  const toDhcp = { srcportstart: 68, dstportstart: 67 };
  const fromDhcp = { srcportstart: 67, dstportstart: 68 };
  const ip = (protocol: 'tcp' | 'udp', more: Attributes): string => element('ip', { protocol, ...more });
  return element(
    'filter',
    { name: FILTER.name, chain: 'root' },
    textElement('uuid', {}, FILTER.uuid),
    rule('accept', 'inout', element('mac', { protocolid: 'arp' })),
    rule('accept', 'out', ip('udp', toDhcp)),
    rule('accept', 'in', ip('udp', fromDhcp)),
    rule('accept', 'in', ip('tcp', { dstportstart: 22 })),
    rule('accept', 'out', ip('tcp', { srcportstart: 22, dstportstart: ports.first, dstportend: ports.last })),
    rule('drop', 'inout', element('mac', {})),
    rule('accept', 'out', element('udp', toDhcp)),
    rule('accept', 'in', element('udp', fromDhcp)),
    rule('accept', 'in', element('tcp', { state: 'NEW,ESTABLISHED', dstportstart: 22 })),
    rule('accept', 'out', element('tcp', { state: 'ESTABLISHED', srcportstart: 22 })),
    rule('drop', 'inout', element('all', {})),
  );
}

/**
 * The interface of a domain's XML on our network, with the filter; undefined where it has it. Pure.
 * @throws MayflyError when it has none there, or another one, which would be a way past the filter
 */
export function withFilter(domain: string): string | undefined {
  const [ours, ...others] = domain.match(/<interface [\s\S]*?<\/interface>/g) ?? [];
  if (ours === undefined || others.length > 0 || !ours.includes(`network='${ISOLATED.name}'`)) {
    const why = `it must have one interface, on the network ${ISOLATED.name}.`;
    throw new MayflyError('vm', 'vm.not-cut-off', `${NOT_CUT_OFF}: ${why}`, {
      hint: "The project's own Vagrantfile must not define networks. Or set vm.network to open.",
    });
  }
  if (ours.includes(`<filterref filter='${FILTER.name}'`)) return undefined;
  return ours.replace('</interface>', `${element('filterref', { filter: FILTER.name })}\n</interface>`);
}

const NOT_CUT_OFF = 'The VM could not be cut off from what this host serves';

/** virsh, whose own words are what helps. */
async function orSayWhy(args: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    return (await virsh(SYSTEM, args, { signal })).stdout;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new MayflyError('vm', 'vm.not-cut-off', `${NOT_CUT_OFF}: virsh ${args[0] ?? ''} failed.`, {
      details: error.failure.tail,
      hint: 'libvirt needs ebtables and iptables for network filters: sudo apt-get install iptables',
      cause: error,
    });
  }
}

/**
 * Makes the filter known to libvirt, where it stays: a VM that is halted does not start without it. It does nothing by itself.
 * @param folder of the VM
 */
export async function defineFilter(folder: string, signal: AbortSignal): Promise<void> {
  const ports = parsePortRange(await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'));
  const file = join(folder, vmFiles.networkFilter);
  await writeFile(file, filterXml(ports));
  await orSayWhy(['nwfilter-define', file], signal);
}

/** Puts it on a VM that runs, for its next starts too. @param folder of the VM */
export async function cutOff(id: string, folder: string, signal: AbortSignal): Promise<void> {
  const changed = withFilter(await orSayWhy(['dumpxml', domainName(id)], signal));
  if (changed === undefined) return;
  const file = join(folder, vmFiles.interface);
  await writeFile(file, changed);
  await orSayWhy(['update-device', domainName(id), file, '--live', '--config'], signal);
}
