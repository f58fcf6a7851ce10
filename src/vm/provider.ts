/** What a provider of builder VMs does, and the values that go in and out. */
import type { ProviderName } from '../config/providers.js';
import type { Owner } from '../process/owner.js';
import type { SshTarget } from '../process/ssh.js';
import type { VmRecord } from './record.js';

/** A disk beside the root disk. The guest finds it by its serial, never by its order. */
export interface ExtraDisk {
  /** At most 20 characters: virtio-blk's limit. */
  readonly serial: string;
  /** On the host that the VM runs on; one that is relative is in the VM's folder. */
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
  /** Written past the host's page cache, where its file system can (open(2), O_DIRECT). Default false. */
  readonly direct?: boolean;
}

export interface Share {
  /** The name that the guest mounts it by. */
  readonly tag: keyof ShareTags;
  readonly path: string;
}

export interface ShareTags {
  readonly source: string;
  readonly builder: string;
}

export type VmNetwork = 'open' | 'restricted';

export interface VmSpec {
  readonly id: string;
  /** The VM's own folder: overlay, keys, sockets, logs. Exists already. */
  readonly folder: string;
  /** Top folder of the checkout that it builds. */
  readonly checkout: string;
  /** libvirt's URI, for the providers that use libvirt. */
  readonly connection: string | undefined;
  readonly box: BoxFiles;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** QEMU's names; undefined for the best there is. */
  readonly cpuModel: string | undefined;
  readonly machineType: string | undefined;
  /** Of the project's own, relative to the builder directory; for the provider that has one. */
  readonly vagrantfile: string | undefined;
  /** `restricted`: nothing but the forwarded SSH port. `open`: whatever the host reaches. */
  readonly network: VmNetwork;
  /** Folders that the guest mounts over 9p, and cannot write to; relative to the VM's own. */
  readonly shares: readonly Share[];
  readonly disks: readonly ExtraDisk[];
  readonly accelerator: 'kvm' | 'tcg';
  /** The build user in the guest. */
  readonly user: string;
  /** Milliseconds that the guest may take to boot; undefined where nobody says. */
  readonly bootTimeoutMs: number | undefined;
  /** True when the VM may outlive the process that starts it (keeprunning, rescue, `vm up`). */
  readonly mayOutliveUs: boolean;
}

/** A base box as a provider needs it; paths are on this host. */
export interface BoxFiles {
  readonly fingerprint: string;
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** Size of the disk as the guest sees it. */
  readonly diskBytes: number;
}

export type Support =
  | { readonly supported: true; readonly found: string }
  | {
      readonly supported: false;
      /** The first thing that stops it. */
      readonly reason: string;
      /** The command that mends it, or what to do. */
      readonly hint: string;
    };

/** Pure. @param where the host, or libvirt's URI */
export function tooLittleMemory(where: string, free: number, wanted: number): Support {
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  return {
    supported: false,
    reason: `${where} has ${mebibytes(free)} of memory free, and the VM wants ${mebibytes(wanted)}`,
    hint: 'Build with --no-ram, lower vm.memory, or end other VMs there.',
  };
}

export interface VmExit {
  /** In words for people, such as `qemu-system-x86_64 was killed by SIGKILL`. */
  readonly reason: string;
  /** It was ended because the host had no space left for one of its disks. */
  readonly hostDiskFull: boolean;
}

/** The tags of a provider that may choose them. */
export const SHARE_TAGS: ShareTags = { source: 'source', builder: 'builder' };

export interface RunningVm {
  readonly id: string;
  /** The VM's own process, where it is one of this person's on this host. */
  readonly process: Owner | undefined;
  readonly ssh: SshTarget;
  /** What the guest mounts its shares by; undefined where QEMU cannot read them: then they are copied. */
  readonly shareTags: ShareTags | undefined;
  /** Settles when the VM is gone, however that came about. */
  readonly exited: Promise<VmExit>;
  /** Undefined while it runs. */
  readonly exit: VmExit | undefined;
  /** Ends it in order, so that the files of its disks are complete. False when it had to be killed, or was gone before. */
  stop(): Promise<boolean>;
  /** Ends it at once. */
  kill(): Promise<void>;
  /**
   * Brings what its serial console said so far to the VM's folder, where another host keeps it.
   * @throws CommandError when that host does not hand it out
   */
  bringConsole(): Promise<void>;
  /** Looks after it no more: it goes on without us. */
  letGo(): Promise<void>;
}

/** A VM as it is on disk. */
export interface VmOnDisk {
  readonly folder: string;
  readonly record: VmRecord;
}

/** What is asked of a host before a VM is given to it. */
export interface Need {
  readonly connection: string | undefined;
  readonly memoryBytes: number;
  /** What the build may write to the VM's disk. */
  readonly diskBytes: number;
  /** Bytes that this host can give without swapping; others are asked. */
  readonly availableMemory: number;
  readonly signal: AbortSignal;
}

export interface Provider {
  readonly name: ProviderName;
  /**
   * Whether it works here, by what its programs answer: that they are there and start, and for libvirt also that it has
   * QEMU, its pool and room. No VM is started for it.
   */
  supported(need: Need): Promise<Support>;
  start(spec: VmSpec, signal: AbortSignal): Promise<RunningVm>;
  /** Takes over a VM that runs, and that an earlier process started and kept. */
  adopt(vm: VmOnDisk): Promise<RunningVm>;
  /** Whether the VM runs; undefined when its host does not answer. */
  lives(vm: VmOnDisk): Promise<boolean | undefined>;
  /**
   * Brings what the console of a VM that has ended says to its folder, where another host keeps it.
   * @throws CommandError when that host does not hand it out
   */
  bringConsole(vm: VmOnDisk): Promise<void>;
  /** Ends the VM and removes what it has outside its folder. Harmless when nothing is left. */
  remove(vm: VmOnDisk): Promise<void>;
}
