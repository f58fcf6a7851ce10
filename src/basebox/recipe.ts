/**
 * What a base box is made from, and how that becomes its fingerprint: a hash over everything that
 * can change the box's content. A commit that changes no input costs nothing; an input that
 * changes, committed or not, makes another box.
 */
import { createHash } from 'node:crypto';

/**
 * Raise it when code outside setup/ changes what a box contains (the disk's layout, the arguments
 * of mmdebstrap). The files of setup/ are hashed themselves.
 */
export const RECIPE_VERSION = 3;

/** The suite whose mke2fs, sfdisk and GRUB make every disk, whatever the box's own suite: 1.47.2 reads a tar. */
export const TOOLS_SUITE = 'trixie';
export const TOOLS_PACKAGES = [
  'e2fsprogs',
  'fdisk',
  'grub-common',
  'grub-pc-bin',
  'libarchive13t64',
] as const;

/** What every builder VM needs: to boot, to be reached, to fetch packages through a cache, to run a build. */
export const BASE_PACKAGES = [
  'apt-cacher-ng',
  'busybox-static',
  'ca-certificates',
  'cpio',
  'e2fsprogs',
  'git',
  'iproute2',
  'kmod',
  'linux-image-amd64',
  'openssh-server',
  'sudo',
  'systemd',
  'systemd-sysv',
  'udev',
  'xz-utils',
  'zstd',
] as const;

/** Where packages of one origin come from. */
export interface ArchiveSource {
  readonly origin: string;
  /** Base URL, without a trailing slash. */
  readonly url: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Path of the keyring on this host that signs the origin. */
  readonly keyring: string;
  /** `latest`, or a serial. */
  readonly serial: string;
  /** Suite → SHA-256 of its InRelease file: what the serial stands for. Empty where it is not known. */
  readonly releases: Readonly<Record<string, string>>;
}

export interface BoxSpec {
  readonly prefix: string;
  readonly architecture: string;
  readonly distribution: string;
  /** Packages beyond BASE_PACKAGES. */
  readonly packages: readonly string[];
  readonly user: string;
  /** Bytes; what the guest sees as the size of its disk. */
  readonly diskBytes: number;
  readonly sources: readonly ArchiveSource[];
  /** Content of the project's basebox/postinstall, if it has one. */
  readonly postinstall: string | undefined;
  /** It runs without a network: in a pinned project nothing comes in that no serial names. Default false. */
  readonly postinstallOffline?: boolean;
}

/** Every field says why it counts. */
export interface FingerprintInputs {
  /** Our own code that shapes the box. */
  readonly recipe: number;
  /** Our own files that go into the box, or run while it is made: name → SHA-256. */
  readonly setup: Readonly<Record<string, string>>;
  /** Tools that lay out the disk. */
  readonly tools: readonly string[];
  readonly architecture: string;
  readonly distribution: string;
  readonly packages: readonly string[];
  /** The name of uid 1000. */
  readonly user: string;
  readonly diskBytes: number;
  /** Not the URL: the same snapshot has the same content wherever it is served. */
  readonly origins: readonly {
    origin: string;
    suites: readonly string[];
    components: readonly string[];
    /** Also when the states are the same: the box's files carry the serial's date. */
    serial: string;
    /** Of one that has no state: another mirror may have other packages. */
    url?: string;
    /** A serial alone may mean another state on another host. */
    releases: Readonly<Record<string, string>>;
  }[];
  /** SHA-256 of the project's own script. */
  readonly postinstall: string | undefined;
  /** It may have found nothing where another, with a network, did. */
  readonly postinstallOffline?: true | undefined;
}

export function fingerprintInputs(spec: BoxSpec, setup: Readonly<Record<string, string>>): FingerprintInputs {
  return {
    recipe: RECIPE_VERSION,
    setup,
    tools: [TOOLS_SUITE, ...TOOLS_PACKAGES],
    architecture: spec.architecture,
    distribution: spec.distribution,
    packages: allPackages(spec),
    user: spec.user,
    diskBytes: spec.diskBytes,
    origins: spec.sources
      .map(({ origin, url, suites, components, serial, releases }) => ({
        origin,
        suites,
        components,
        serial,
        ...(serial === 'latest' ? { url } : {}),
        releases: Object.fromEntries(
          [...suites, ...(origin === 'debian' ? [TOOLS_SUITE] : [])].flatMap((suite) =>
            releases[suite] === undefined ? [] : [[suite, releases[suite]]],
          ),
        ),
      }))
      .sort((a, b) => compare(a.origin, b.origin)),
    postinstall: spec.postinstall === undefined ? undefined : sha256(spec.postinstall),
    ...(spec.postinstall !== undefined && spec.postinstallOffline === true
      ? { postinstallOffline: true }
      : {}),
  };
}

export function allPackages(spec: BoxSpec): readonly string[] {
  return [...new Set([...BASE_PACKAGES, ...spec.packages])].sort(compare);
}

/** 32 hexadecimal digits: enough never to collide, short enough for a folder name. */
export function fingerprint(inputs: FingerprintInputs): string {
  return sha256(canonicalJson(inputs)).slice(0, 32);
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** JSON with sorted keys: the same value always gives the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => compare(a, b)))
      : inner,
  );
}

/** Date that files of the box carry: the day of its oldest serial, or a fixed day while it is unpinned. Seconds since 1970. */
export function boxEpoch(spec: BoxSpec): number {
  const days = spec.sources
    .map((source) => /^(\d{4})(\d{2})(\d{2})/.exec(source.serial))
    .flatMap((match) =>
      match === null ? [] : [Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) / 1000],
    );
  // It must lie before the day of the build, or fresh modification times leak into the box.
  return days.length === 0 ? Date.UTC(2026, 0, 1) / 1000 : Math.min(...days);
}

export interface LabelInputs {
  readonly prefix: string;
  readonly architecture: string;
  readonly distribution: string;
  /** Last commit that touched the builder directory; undefined when none has yet. */
  readonly lastCommit: { readonly date: string; readonly shortId: string } | undefined;
  readonly dirty: boolean;
}

/** What a box is called in lists and messages: `<prefix>-<arch>-<distribution>-<YYYYMMDD>-<shortid>[+dirty]`. */
export function boxLabel(inputs: LabelInputs): string {
  const commit = inputs.lastCommit ?? { date: '00000000', shortId: 'uncommitted' };
  const name = [inputs.prefix, inputs.architecture, inputs.distribution, commit.date, commit.shortId].join(
    '-',
  );
  return inputs.dirty ? `${name}+dirty` : name;
}
