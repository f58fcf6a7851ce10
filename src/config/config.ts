/**
 * What builder.yaml says, as one frozen value with every default filled in. These are the types
 * that the rest of mayfly reads; docs/builder.yaml.md words the meaning of each field for people.
 */

import type { ProviderChoice } from './providers.js';

export interface Config {
  readonly name: string;
  readonly basebox: BaseboxConfig;
  readonly archive: ArchiveConfig;
  readonly vm: VmConfig;
  readonly guest: GuestConfig;
  readonly build: BuildConfig;
  readonly artifacts: ArtifactsConfig;
  readonly caches: CachesConfig;
  /** Words such as `noram` and `cpus=2`, checked: what resolveOptions (options.ts) takes. */
  readonly options: readonly string[];
}

export type Distribution = 'bookworm' | 'trixie';

export interface BaseboxConfig {
  readonly prefix: string;
  readonly architecture: 'amd64';
  readonly distribution: Distribution;
  readonly packages: readonly string[];
  /** Relative to the builder directory; the file need not exist. */
  readonly postinstall: string;
  /** Folder of its serial files, relative to the builder directory. */
  readonly serials: string;
  /** Bytes. */
  readonly disk: number;
}

/** What serves packages: see archive.kind in docs/builder.yaml.md. */
export type ArchiveKind = 'local' | 'mirror' | 'serials' | 'timestamps' | 'ubuntu';

/** Where states come from. */
export interface ArchiveAddress {
  readonly kind: ArchiveKind;
  /** Base URL of a snapshot service, without a trailing slash; undefined for the kinds that need none. */
  readonly url: string | undefined;
  /** Base URL of its tagged snapshots. */
  readonly taggedUrl: string | undefined;
}

/** The address is that of all origins without one of their own. */
export interface ArchiveConfig extends ArchiveAddress {
  /** Refuse whatever no serial pins. */
  readonly pinned: boolean;
  /** Branch or pattern → whether the image's serials must be frozen; the first that fits counts. */
  readonly branches: Readonly<Record<string, BranchRule>>;
  readonly origins: Readonly<Record<string, OriginConfig>>;
}

export type BranchRule = 'frozen' | 'moving' | 'any';

export interface OriginConfig {
  /** Without a trailing slash. Undefined: what the host's own APT uses. */
  readonly url: string | undefined;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Absolute, or relative to the builder directory. Undefined: Debian's archive keyring. */
  readonly keyring: string | undefined;
  /** Where its states come from. Undefined: from where those of the others do. */
  readonly address?: ArchiveAddress;
}

/** What a builder VM reaches: the archive (and a configured proxy) only, what the host reaches, or nothing. */
export type NetworkChoice = 'archive' | 'open' | 'none';

export interface VmConfig {
  /** Undefined: `archive` for a frozen project, else `open`. */
  readonly network: NetworkChoice | undefined;
  readonly provider: ProviderChoice;
  /** libvirt's URIs: hosts to run VMs on, best first. */
  readonly libvirt: readonly string[];
  /** Of the project's own, relative to the builder directory. */
  readonly vagrantfile: string | undefined;
  /** Bytes. */
  readonly memory: number;
  /** Bytes, added to `memory` for a build in RAM. */
  readonly buildMemory: number;
  /** Undefined: as many as the host has. The build option `cpus` comes first. */
  readonly cpus: number | undefined;
}

export interface GuestConfig {
  readonly user: string;
  /** Absolute path in the guest. */
  readonly source: string;
  /** Absolute path in the guest. */
  readonly builder: string;
  readonly setup: GuestSetup;
}

/**
 * Who clones the source, formats and mounts the cache disks, runs the proxy in the VM, keeps APT's sources and
 * moves the clock: mayfly, before it runs the project's scripts, or these scripts themselves.
 */
export type GuestSetup = 'mayfly' | 'scripts';

export interface BuildConfig {
  /** Relative to the builder directory. */
  readonly provision: string;
  /** Relative to the builder directory; absolute where the provisioning script installs it in the guest. */
  readonly script: string;
  readonly variablesPrefix: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Seconds; undefined: no limit. */
  readonly timeout: number | undefined;
  readonly baseBranches: readonly string[];
}

export interface ArtifactsConfig {
  /** Globs relative to `from`. */
  readonly patterns: readonly string[];
  /** Absolute path in the guest: the clone, or where the project's script leaves its results. */
  readonly from: string;
  /** Absolute, or relative to the project's top folder. */
  readonly directory: string;
}

export interface CachesConfig {
  /** Bytes. */
  readonly packages: number;
  /** Bytes. */
  readonly website: number;
}
