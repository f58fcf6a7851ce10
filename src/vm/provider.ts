/** What a provider of builder VMs does, and the values that go in and out. */
import type { SshTarget } from '../process/ssh.js';

/** A folder of the host that the guest mounts over 9p, and cannot write to. */
export interface Share {
  /** The name that the guest mounts it by. */
  readonly tag: string;
  readonly path: string;
}

/** A disk beside the root disk. The guest finds it by its serial, never by its order. */
export interface ExtraDisk {
  /** At most 20 characters: virtio-blk's limit. */
  readonly serial: string;
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
  /** Written past the host's page cache, where its file system can (open(2), O_DIRECT). Default false. */
  readonly direct?: boolean;
}

export type VmNetwork = 'open' | 'restricted';

export interface VmSpec {
  readonly id: string;
  /** The VM's own folder: overlay, keys, sockets, logs. Exists already. */
  readonly folder: string;
  readonly box: { readonly disk: string; readonly kernel: string; readonly initrd: string };
  readonly memoryBytes: number;
  readonly cpus: number;
  /** QEMU's names; undefined for the best there is. */
  readonly cpuModel: string | undefined;
  readonly machineType: string | undefined;
  /** `restricted`: nothing but the forwarded SSH port. `open`: whatever the host reaches. */
  readonly network: VmNetwork;
  readonly shares: readonly Share[];
  readonly disks: readonly ExtraDisk[];
  readonly accelerator: 'kvm' | 'tcg';
  /** True when the VM may outlive the process that starts it (keeprunning, rescue, `vm up`). */
  readonly mayOutliveUs: boolean;
}

export type Support =
  | { readonly supported: true }
  | { readonly supported: false; readonly reason: string; readonly hint: string };

export interface VmExit {
  /** In words for people, such as `qemu-system-x86_64 was killed by SIGKILL`. */
  readonly reason: string;
  /** It was ended because the host had no space left for one of its disks. */
  readonly hostDiskFull: boolean;
}

export interface RunningVm {
  readonly id: string;
  readonly pid: number;
  readonly ssh: SshTarget;
  /** Settles when the VM is gone, however that came about. */
  readonly exited: Promise<VmExit>;
  /** Undefined while it runs. */
  readonly exit: VmExit | undefined;
  /** Ends it in order, so that the files of its disks are complete. False when it had to be killed. */
  stop(): Promise<boolean>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

export interface Provider {
  readonly name: 'qemu';
  supported(): Promise<Support>;
  start(spec: VmSpec, signal: AbortSignal): Promise<RunningVm>;
}
