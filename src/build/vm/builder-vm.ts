/** The builder VM of a build, which one command at a time works in. It begins in start.ts, and ends in end.ts. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { MayflyError } from '../../errors.js';
import { waitUntilReady } from '../../guest/ready.js';
import type { GuestSession } from '../../guest/session.js';
import { lockFile, vmFiles } from '../../paths.js';
import { tryLock, type Lock } from '../../process/lock.js';
import type { Tunnel } from '../../process/ssh.js';
import type { Service } from '../../process/service.js';
import type { RunningVm } from '../../vm/provider.js';
import type { VmRecord } from '../../vm/registry.js';
import type { VmStorage } from './storage.js';
import type { Context } from '../context.js';

export interface BuilderVm {
  readonly vm: RunningVm;
  readonly guest: GuestSession;
  readonly storage: VmStorage;
  readonly folder: string;
  /** The record as it is on disk. */
  record: VmRecord;
  /** The shared ssh connection, once SSH answers. */
  master: Service | undefined;
  /** Nobody else works in the VM meanwhile. */
  readonly held: Lock;
}

/**
 * Takes the VM for oneself, until it is kept, halted or destroyed.
 * @throws MayflyError `vm.busy` when another command works in it
 */
export async function holdVm(context: Context, id: string): Promise<Lock> {
  const path = lockFile(context.home, `vm-${id}`);
  const held = await tryLock(path, { purpose: 'works in the VM', signal: context.signal });
  if (held !== undefined) return held;
  throw new MayflyError('refused', 'vm.busy', `Another command works in the VM ${id}.`, {
    hint: 'Wait until it has ended, or end it with Ctrl-C.',
  });
}

/** `example-feature-x-1a2b3c`: for people, and short enough for QEMU and file names. */
export function newVmId(project: string, ref: string): string {
  const words = `${project}-${ref}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/-+$/, '');
  return `${words}-${randomBytes(3).toString('hex')}`;
}

/** Milliseconds that a guest may take to boot: emulation on a loaded host is slow. */
const BOOT_MS = { kvm: 120_000, tcg: 600_000 } as const;

export interface ConnectOptions {
  readonly bootTimeoutMs?: number | undefined;
  /** What of this host the guest reaches. Default: nothing. */
  readonly tunnels?: readonly Tunnel[];
}

export async function connectBuilderVm(
  context: Context,
  builder: BuilderVm,
  progress: (text: string) => void,
  options: ConnectOptions = {},
): Promise<void> {
  builder.master = await waitUntilReady(builder.guest, {
    tunnels: options.tunnels ?? [],
    timeoutMs: options.bootTimeoutMs ?? BOOT_MS[builder.record.accelerator],
    sshLog: join(builder.folder, vmFiles.sshLog),
    signal: context.signal,
    progress,
  });
}
