/** What a builder VM reaches, and how: tunnels to the archive and to a configured proxy. Pure. */
import type { ProxyOption } from '../../config/options-words.js';
import type { NetworkChoice } from '../../config/config.js';
import { MayflyError } from '../../errors.js';
import type { Tunnel } from '../../process/ssh.js';
import type { BuildPlan } from '../plan/plan-type.js';
import { mirrorSettings } from './address.js';
import { GUEST_ARCHIVE_PORT, isFrozenProject, type PlannedArchive } from './origins.js';

/** Where the guest finds the configured proxy when it reaches nothing else. */
const GUEST_PROXY_PORT = 3144;
/** apt-cacher-ng in the VM. */
const IN_VM_PROXY = 'http://127.0.0.1:3142';

/** @throws MayflyError `network.mirror` when the VM could reach no packages */
export function chooseNetwork(wanted: NetworkChoice | undefined, archive: PlannedArchive): NetworkChoice {
  const mirror = mirrorSettings(archive);
  const network = wanted ?? (isFrozenProject(archive) && mirror === undefined ? 'archive' : 'open');
  if (network === 'archive' && mirror !== undefined) {
    throw new MayflyError('usage', 'network.mirror', `vm.network is archive, but ${mirror}.`, {
      hint: 'A VM that reaches the archive only needs one with snapshots: set archive.kind in builder.yaml, or vm.network to open.',
    });
  }
  return network;
}

/** The proxy that `http_proxy` names, as the guest reaches it. */
export function proxyInGuest(proxy: string | undefined, network: NetworkChoice): string | undefined {
  if (proxy === undefined || network === 'open') return proxy;
  const url = new URL(proxy);
  url.hostname = '127.0.0.1';
  url.port = String(GUEST_PROXY_PORT);
  return url.href.replace(/\/$/, '');
}

/** How APT and the scripts in the guest fetch. @param external as the guest reaches it */
export function proxyPlan(
  kind: ProxyOption,
  external: string | undefined,
): Omit<BuildPlan['apt'], 'sources' | 'imageSources'> {
  const inVm = kind === 'vmproxy' || kind === 'vmproxy+extproxy';
  return {
    proxy: inVm ? IN_VM_PROXY : kind === 'extproxy' ? external : undefined,
    proxyInVm: inVm,
    upstreamProxy: kind === 'vmproxy+extproxy' ? external : undefined,
  };
}

/** Where scripts that set the proxy up themselves find the local archive. */
export const GUEST_WEB_ARCHIVE = 'http://127.0.0.1';

function usesWebPort({ guest, archive }: BuildPlan): boolean {
  return guest.setup === 'scripts' && archive.kind === 'local';
}

/** @param archivePort of this host's loopback */
export function tunnelsOf(plan: BuildPlan, archivePort: number): readonly Tunnel[] {
  const { network, hostProxy } = plan.vm;
  if (network === 'none') return [];
  const archive = [
    { guestPort: GUEST_ARCHIVE_PORT, host: '127.0.0.1', port: archivePort },
    // A proxy that the scripts configure refuses all ports but this one by default.
    ...(usesWebPort(plan) ? [{ guestPort: 80, host: '127.0.0.1', port: archivePort }] : []),
  ];
  if (network === 'open' || hostProxy === undefined) return archive;
  const { hostname, port, protocol } = new URL(hostProxy);
  const proxy = {
    guestPort: GUEST_PROXY_PORT,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
  return [...archive, proxy];
}
