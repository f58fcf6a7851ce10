/** The plan of a build, as a value: printed by `mayfly plan`, executed by `mayfly build`, kept in the build record. */
import type { PlannedArchive } from '../archive/origins.js';
import type { BoxSpec, FingerprintInputs } from '../../basebox/recipe.js';
import type { GuestConfig, NetworkChoice } from '../../config/config.js';
import type { ProviderName } from '../../config/providers.js';
import type { BuildOptions } from '../../config/options.js';

export interface PlannedCache {
  /** Name in the cache store. */
  readonly name: string;
  /** Serial of the disk. */
  readonly serial: string;
  /** Size of the disk, bytes. */
  readonly bytes: number;
}

export interface BuildPlan {
  readonly schema: 1;
  readonly project: {
    readonly name: string;
    readonly checkout: string;
    /** How the settings are known: from builder.yaml, or by the profile of a layout without one. */
    readonly profile: 'builder' | 'tails';
    readonly builderFolder: string;
  };
  readonly source: {
    readonly ref: { readonly kind: 'branch' | 'tag'; readonly name: string };
    /** What is built: HEAD, or its merge with the base branch. */
    readonly commit: string;
    /** Seconds since 1970. */
    readonly commitDate: number;
    readonly featureCommit: string;
    readonly base: { readonly name: string; readonly commit: string } | undefined;
    readonly merged: boolean;
    readonly releaseTag: string | undefined;
    /** Paths with uncommitted changes. */
    readonly dirty: readonly string[];
    /** Where the builder directory is read from. */
    readonly builderFrom: 'commit' | 'worktree';
  };
  readonly box: {
    readonly fingerprint: string;
    readonly label: string;
    readonly exists: boolean;
    readonly inputs: FingerprintInputs;
    readonly spec: BoxSpec;
    /** Seconds since 1970. */
    readonly epoch: number;
  };
  readonly options: BuildOptions;
  readonly optionOrigins: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly vm: {
    readonly provider: ProviderName;
    /** libvirt's URI, for the providers that use libvirt. */
    readonly connection: string | undefined;
    readonly accelerator: 'kvm' | 'tcg';
    readonly acceleratorReason: string;
    readonly memoryBytes: number;
    readonly cpus: number;
    readonly network: NetworkChoice;
    /** The proxy of `http_proxy`, when the build uses it: as this host reaches it. */
    readonly hostProxy: string | undefined;
    readonly cpuModel: string | undefined;
    readonly machineType: string | undefined;
    /** Of the project's own, relative to the builder directory. */
    readonly vagrantfile: string | undefined;
  };
  /** Which state of each origin is used. */
  readonly archive: PlannedArchive;
  readonly guest: GuestConfig;
  readonly caches: {
    readonly packages: PlannedCache | undefined;
    readonly website: PlannedCache | undefined;
  };
  readonly apt: {
    readonly proxy: string | undefined;
    readonly proxyInVm: boolean;
    readonly upstreamProxy: string | undefined;
    readonly sources: readonly string[];
    readonly imageSources: readonly string[];
  };
  readonly scripts: {
    readonly provision: string;
    readonly build: string;
    readonly timeoutSeconds: number | undefined;
  };
  /** KiB of the tmpfs to build in; undefined for the disk. */
  readonly ramKib: number | undefined;
  /** Environment of both scripts. */
  readonly environment: Readonly<Record<string, string>>;
  readonly artifacts: {
    readonly patterns: readonly string[];
    /** Folder in the guest. */
    readonly from: string;
    readonly directory: string;
  };
}
