/** A domain that runs: libvirt's events tell when it ends, and virsh ends it. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MayflyError } from '../../errors.js';
import { vmFiles } from '../../paths.js';
import { CommandError } from '../../process/command-error.js';
import { startService, type Service } from '../../process/service.js';
import { SHARE_TAGS, type RunningVm, type VmExit } from '../provider.js';
import { sshTarget } from '../keys.js';
import { connectionEnvironment, namesIn, parseConnection, virsh, virshArguments } from './connection.js';
import { bringConsole } from './console.js';
import { domainName } from './domain.js';

/** Milliseconds for a host to say which domains it runs: it may be out of reach. */
const ANSWER_MS = 30_000;
/** Milliseconds between two looks at what virsh has written. */
const LOOK_MS = 200;

export interface Domain {
  readonly uri: string;
  readonly id: string;
  /** The VM's folder. */
  readonly folder: string;
  /** The guest's own address; undefined for the loopback of the host that it runs on. */
  readonly host?: string;
  readonly port: number;
  /** Where its serial console is written: the VM's folder, or a volume on its host. */
  readonly consoleIn: 'folder' | 'pool';
}

/** Bytes that virsh has written so far. */
export async function logSize(folder: string): Promise<number> {
  return await stat(join(folder, vmFiles.virshLog)).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Whether the domain runs. @throws CommandError when the host does not answer */
export async function domainRuns(uri: string, id: string): Promise<boolean> {
  const { stdout } = await virsh(uri, ['list', '--name'], { timeoutMs: ANSWER_MS });
  return namesIn(stdout).includes(domainName(id));
}

/** A virsh that writes what happens to the domain into the VM's folder. */
export function startWatch(uri: string, id: string, folder: string): Promise<Service> {
  const event = ['event', '--domain', domainName(id), '--event', 'lifecycle', '--loop'];
  return startService('virsh', virshArguments(uri, event), {
    cwd: folder,
    log: join(folder, vmFiles.virshLog),
    env: connectionEnvironment(),
    whenWeDie: 'TERM',
  });
}

/**
 * What virsh's lines say about the end of the domain; undefined while it runs. Pure.
 * A paused domain is one whose host is full: it is QEMU's answer to a disk that cannot grow (werror=enospc).
 */
export function endOf(lines: string): VmExit | undefined {
  const full = /'lifecycle' for domain .*: Suspended (?:I\/O Error|IOError|I\/O error)/i.test(lines);
  if (full) return { reason: 'libvirt paused it: a disk could not grow', hostDiskFull: true };
  const stopped = /'lifecycle' for domain '[^\n]*': (?:Stopped|Crashed) ?([^\n]*)/.exec(lines);
  if (stopped === null) return undefined;
  return { reason: `libvirt says: stopped (${(stopped[1] ?? '').toLowerCase()})`, hostDiskFull: false };
}

/**
 * @param watch the virsh whose output tells what happens; it is ended with the VM
 * @param from bytes of its log that are about an earlier life of the domain
 */
export function runningDomain(domain: Domain, watch: Service, from: number): RunningVm {
  const { uri, id, folder, host, port, consoleIn } = domain;
  const name = domainName(id);
  let exit: VmExit | undefined;
  let released = false;
  const isReleased = (): boolean => released;
  const look = async (): Promise<VmExit> => {
    for (;;) {
      const log = await readFile(join(folder, vmFiles.virshLog)).catch(() => Buffer.alloc(0));
      const end = exit ?? endOf(log.subarray(from).toString('utf8'));
      if (end !== undefined) return end;
      // Nobody waits for its end any more.
      if (isReleased()) return await new Promise<never>(() => undefined);
      if (watch.exit !== undefined && !(await domainRuns(uri, id).catch(() => false)))
        return { reason: 'libvirt does not know it any more', hostDiskFull: false };
      await sleep(LOOK_MS, undefined, { ref: false });
    }
  };
  const exited = look().then(async (end) => {
    exit ??= end;
    // Paused for want of room, it would wait for ever.
    if (exit.hostDiskFull) await destroyDomain(uri, name, []).catch(() => false);
    await watch.end(1000);
    return exit;
  });
  const ended = async (): Promise<void> => {
    exit ??= { reason: 'it was ended', hostDiskFull: false };
    await watch.end(1000);
  };
  const kill = async (): Promise<void> => {
    if (!(await destroyDomain(uri, name, []))) throw unkillable(uri, name);
    await ended();
  };
  const connection = parseConnection(uri);
  const through = connection.through?.(port);
  return {
    id,
    process: undefined,
    shareTags: connection.isSession ? SHARE_TAGS : undefined,
    ssh: { ...sshTarget(folder, port, host), ...(through === undefined ? {} : { through }) },
    exited,
    get exit() {
      return exit;
    },
    async stop() {
      // --graceful: SIGTERM only, on which QEMU closes its disks' files. Of one that was gone nobody knows how it ended.
      const { exitCode } = await virsh(uri, ['destroy', '--graceful', name], { accept: [0, 1] });
      if (exitCode !== 0) await kill();
      else await ended();
      return exitCode === 0;
    },
    kill,
    async bringConsole() {
      if (consoleIn === 'pool') await bringConsole(uri, id, folder);
    },
    async letGo() {
      released = true;
      await watch.end(1000);
    },
  };
}

export const unkillable = (uri: string, name: string): MayflyError =>
  new MayflyError('vm', 'vm.unkillable', `libvirt at ${uri} cannot end the domain ${name}.`, {
    hint: 'Its QEMU may wait for a disk that does not answer. The VM stays noted: the next build or `mayfly clean` tries again, and for a kept VM `mayfly vm destroy`.',
  });

/** @returns whether it is gone */
export async function destroyDomain(uri: string, name: string, flags: readonly string[]): Promise<boolean> {
  try {
    await virsh(uri, ['destroy', ...flags, name]);
    return true;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { stdout } = await virsh(uri, ['list', '--name']);
    return !namesIn(stdout).includes(name);
  }
}
