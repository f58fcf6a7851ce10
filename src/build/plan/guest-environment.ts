/** What the guest is told: settings for mayfly's own steps, and the environment of the project's scripts. */
import type { GuestSettings, ShareTags } from '../../guest/provision.js';
import { SECURITY_ORIGIN } from '../../snapshots/freeze.js';
import { hasStates } from '../archive/address.js';
import type { BuildPlan } from './plan.js';

const GUEST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Written by prepare.sh; what the image is built from. */
const IMAGE_SOURCES = '/run/mayfly/image.list';
/** Made by build.sh for each build. */
const BUILD_DIRECTORY = '/build/scratch';

/**
 * @param tags of the VM's shares; undefined where they are copied
 * @param fixes serial of debian-security to bring the VM to, for provisioning
 */
export function guestSettings(plan: BuildPlan, tags?: ShareTags, fixes?: string): GuestSettings {
  const common = {
    tags,
    source: plan.guest.source,
    builder: plan.guest.builder,
    user: plan.guest.user,
    ref: plan.source.ref.name,
    setup: plan.guest.setup,
    offline: plan.options.offline,
    aptSources: plan.apt.sources,
    imageSources: plan.apt.imageSources,
    fixesSources: fixesSources(plan),
  };
  // Disks, proxy and fixes are the scripts' own then.
  if (plan.guest.setup === 'scripts') return { ...common, ...NOTHING };
  return {
    ...common,
    packagesDisk: plan.caches.packages?.serial,
    websiteDisk: plan.caches.website?.serial,
    aptProxy: plan.apt.proxy,
    proxyInVm: plan.apt.proxyInVm,
    upstreamProxy: plan.apt.upstreamProxy,
    // The archive is offline itself, and the VM reaches nothing else.
    proxyOffline: plan.options.offline && plan.vm.network !== 'archive',
    archiveDirect: reachesArchiveDirectly(plan),
    fixes,
  };
}

/** Of debian-security, wherever it is served: its suites are no other origin's. */
function fixesSources({ apt, archive }: BuildPlan): readonly string[] {
  const suites = archive.origins.find(({ origin }) => origin === SECURITY_ORIGIN)?.suites ?? [];
  return apt.sources.filter((line) => line.split(' ').some((word) => suites.includes(word)));
}

const NOTHING = {
  packagesDisk: undefined,
  websiteDisk: undefined,
  aptProxy: undefined,
  proxyInVm: false,
  upstreamProxy: undefined,
  proxyOffline: false,
  archiveDirect: false,
  fixes: undefined,
} as const;

/** Past the proxy in the VM, which is offline: the archive serves what it has stored. */
function reachesArchiveDirectly({ options, vm, archive }: BuildPlan): boolean {
  return options.offline && vm.network === 'open' && hasStates(archive);
}

/** NAME=value words: all that a script of the project's has in its environment. Pure. */
export function scriptEnvironment(plan: BuildPlan, script: 'provision' | 'build'): readonly string[] {
  const user = script === 'build' ? plan.guest.user : 'root';
  const common = {
    PATH: GUEST_PATH,
    HOME: user === 'root' ? '/root' : `/home/${user}`,
    USER: user,
    LOGNAME: user,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
  };
  const own = {
    DEBIAN_FRONTEND: 'noninteractive',
    MAYFLY_APT_SOURCES: IMAGE_SOURCES,
    ...(script === 'build' ? { MAYFLY_BUILD_DIR: BUILD_DIRECTORY } : {}),
    ...(plan.apt.proxy === undefined ? {} : { http_proxy: plan.apt.proxy }),
    // No proxy beyond the VM can reach its loopback, where the archive is.
    ...(reachesArchiveDirectly(plan) || (plan.apt.proxy !== undefined && !plan.apt.proxyInVm)
      ? { no_proxy: '127.0.0.1' }
      : {}),
  };
  const ours = plan.guest.setup === 'scripts' ? {} : own;
  return Object.entries({ ...common, ...ours, ...plan.environment }).map(
    ([name, value]) => `${name}=${value}`,
  );
}
