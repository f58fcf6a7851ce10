/**
 * The environment that reaches the guest: one row per variable, in the order in which they are
 * documented. The provisioning script and the build script both get it.
 */
import { usesExternalProxy, type BuildOptions } from './options-rules.js';

/** What is known of a build besides its options. */
export interface GuestContext {
  /** `build.variables_prefix` */
  readonly prefix: string;
  /** `build.environment` */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** The person's `http_proxy`. */
  readonly httpProxy?: string | undefined;
  /** Branch or tag that is built. */
  readonly gitRef: string;
  /** Commit that is built: after the merge of the base branch. */
  readonly gitCommit: string;
  readonly baseBranchGitCommit?: string | undefined;
  /** Commit before the merge of the base branch. */
  readonly featureBranchGitCommit?: string | undefined;
  /** Origin → serial, nothing left as `latest`. */
  readonly aptSnapshotsSerials?: Readonly<Record<string, string>> | undefined;
  readonly jenkinsUrl?: string | undefined;
  /** As Jenkins sets it. */
  readonly gitBranch?: string | undefined;
}

export interface GuestVariable {
  /** `PREFIX_` stands for the project's own prefix. */
  readonly name: string;
  readonly meaning: string;
  /** Undefined: not set. */
  readonly value: (options: BuildOptions, context: GuestContext) => string | undefined;
}

/** The port of apt-cacher-ng (its `Port` setting, 3142 by default), in the guest. */
const IN_VM_PROXY = 'http://127.0.0.1:3142';
/** What fast compression means to mksquashfs(1): the default block size, and no table for NFS exports. */
const FAST_MKSQUASHFS = '-comp xz -no-exports';

const onlyIf = (condition: boolean, value = '1'): string | undefined => (condition ? value : undefined);

export const GUEST_VARIABLES: readonly GuestVariable[] = [
  {
    name: 'PREFIX_RAM_BUILD',
    meaning: '`1` when the build directory is to be in memory.',
    value: ({ ram }) => onlyIf(ram),
  },
  {
    name: 'PREFIX_PROXY',
    meaning: 'URL of the proxy to fetch packages through; not set for `noproxy`.',
    value: ({ proxy }, { httpProxy }) => {
      if (proxy === 'noproxy') return undefined;
      return proxy === 'extproxy' ? httpProxy : IN_VM_PROXY;
    },
  },
  {
    name: 'PREFIX_PROXY_TYPE',
    meaning: '`vmproxy` (also for `vmproxy+extproxy`), `extproxy` or `noproxy`.',
    value: ({ proxy }) => (proxy === 'vmproxy+extproxy' ? 'vmproxy' : proxy),
  },
  {
    name: 'PREFIX_ACNG_PROXY',
    meaning: 'URL of the proxy that the proxy in the VM goes through, for `vmproxy+extproxy`.',
    value: ({ proxy }, { httpProxy }) =>
      proxy !== 'extproxy' && usesExternalProxy(proxy) ? httpProxy : undefined,
  },
  {
    name: 'PREFIX_OFFLINE_MODE',
    meaning: '`1` when only cached packages may be used.',
    value: ({ offline }) => onlyIf(offline),
  },
  {
    name: 'PREFIX_WEBSITE_CACHE',
    meaning: '`1` when the built website is cached, else `0`.',
    value: ({ cacheWebsite }) => (cacheWebsite ? '1' : '0'),
  },
  {
    name: 'PREFIX_DATE_OFFSET',
    meaning: 'Days by which the clock is moved, with their sign, such as `+30`; not set for none.',
    value: ({ dateOffset }) =>
      onlyIf(dateOffset !== 0, dateOffset > 0 ? `+${dateOffset}` : String(dateOffset)),
  },
  {
    name: 'PREFIX_BUILD_FAILURE_RESCUE',
    meaning: '`1` when the build directory is to stay after a failure.',
    value: ({ rescue }) => onlyIf(rescue),
  },
  {
    name: 'MKSQUASHFS_OPTIONS',
    meaning: `\`${FAST_MKSQUASHFS}\` for fast compression, else not set.`,
    value: ({ compression }) => onlyIf(compression === 'fast', FAST_MKSQUASHFS),
  },
  { name: 'GIT_REF', meaning: 'Branch or tag that is built.', value: (_, { gitRef }) => gitRef },
  {
    name: 'GIT_COMMIT',
    meaning: 'Commit that is built: after the merge of the base branch.',
    value: (_, { gitCommit }) => gitCommit,
  },
  {
    name: 'BASE_BRANCH_GIT_COMMIT',
    meaning: 'Head of the base branch, if there is one.',
    value: (_, { baseBranchGitCommit }) => baseBranchGitCommit,
  },
  {
    name: 'FEATURE_BRANCH_GIT_COMMIT',
    meaning: 'Commit before the merge, if there was one.',
    value: (_, { featureBranchGitCommit }) => featureBranchGitCommit,
  },
  {
    name: 'APT_SNAPSHOTS_SERIALS',
    meaning: 'JSON object: origin → serial, for every origin that the image is built from.',
    value: (_, { aptSnapshotsSerials }) => sortedJson(aptSnapshotsSerials),
  },
  { name: 'JENKINS_URL', meaning: 'As Jenkins sets it.', value: (_, { jenkinsUrl }) => jenkinsUrl },
  { name: 'GIT_BRANCH', meaning: 'As Jenkins sets it.', value: (_, { gitBranch }) => gitBranch },
];

/** The same serials always give the same text. */
function sortedJson(object: Readonly<Record<string, string>> | undefined): string | undefined {
  if (object === undefined) return undefined;
  return JSON.stringify(Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Whatever else mayfly sets for both scripts, in every project. */
export const FIXED_VARIABLES: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'SOURCE_DATE_EPOCH',
  'MAYFLY_NAME',
  'MAYFLY_DISTRIBUTION',
  'MAYFLY_APT_SOURCES',
  'MAYFLY_BUILD_DIR',
  'http_proxy',
  'no_proxy',
];

/** Set by mayfly as well, but a matter of taste: nothing of mayfly's relies on them. */
export const OPEN_VARIABLES: readonly string[] = ['LANG', 'TZ', 'DEBIAN_FRONTEND'];

/** The names that mayfly sets itself, whose meaning a project cannot change. */
export function reservedVariables(prefix: string): readonly string[] {
  return [...GUEST_VARIABLES.map(({ name }) => withPrefix(name, prefix)), ...FIXED_VARIABLES];
}

function withPrefix(name: string, prefix: string): string {
  return name.replace(/^PREFIX_/, `${prefix}_`);
}

/** The environment of the provisioning and build scripts. Pure; the project's own variables come first. */
export function guestVariables(
  options: BuildOptions,
  context: GuestContext,
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = { ...context.environment };
  for (const { name, value } of GUEST_VARIABLES) {
    const text = value(options, context);
    if (text !== undefined) variables[withPrefix(name, context.prefix)] = text;
  }
  return Object.freeze(variables);
}
