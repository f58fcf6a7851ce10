/** A VM that one can work in: the ways to run a script there, and what its failures mean. */
import { randomBytes } from 'node:crypto';
import { MayflyError } from '../errors.js';
import { CommandError } from '../process/command-error.js';
import type { RunResult } from '../process/run.js';
import { sshRun, type SshTarget } from '../process/ssh.js';
import { scriptText, type ScriptName, type ScriptValues } from './scripts.js';

/** How a VM came to its end. */
export interface VmEnd {
  /** In words, such as `qemu-system-x86_64 was killed by SIGKILL`. */
  readonly reason: string;
  readonly hostDiskFull: boolean;
}

export interface GuestSession {
  readonly ssh: SshTarget;
  /** Undefined while the VM runs. */
  readonly gone: () => VmEnd | undefined;
  /** Path of the guest's serial console on this host. */
  readonly console: string;
  /** Bytes that it had before the guest was started; undefined when it ran already. */
  readonly consoleFrom?: number | undefined;
  /** Brings it up to date, where the VM runs elsewhere. */
  readonly bringConsole: () => Promise<void>;
}

export interface ScriptOptions {
  readonly signal: AbortSignal;
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void;
  /** What the script noticed, and went on. */
  readonly onNotice?: (notice: GuestReport) => void;
  /** Arguments of the script: for the two that start a script of the project's, its environment. */
  readonly args?: readonly string[];
}

/** What one of our own scripts reported (see `fail` and `notice` in common.sh). */
export interface GuestReport {
  readonly code: string;
  readonly text: string;
}

export type ScriptOutcome =
  | {
      readonly exitCode: number;
      readonly failure?: undefined;
      /** A folder of the guest whose file system has no room left, when the script failed. */
      readonly full?: string | undefined;
      /** A script of the project's ran, and it is its exit code. */
      readonly ended?: true;
    }
  | { readonly exitCode: number; readonly failure: GuestReport };

/** What `fail` exits with; only together with its line does it count. */
const FAILED = 70;
const FAILURE_LINE = /^mayfly-failure ([0-9a-f]+) ([a-z.-]+) (.*)$/;
const NOTICE_LINE = /^mayfly-notice ([0-9a-f]+) ([a-z.-]+) (.*)$/;
const FULL_LINE = /^mayfly-full ([0-9a-f]+) (\S+)$/;
const ENDED_LINE = /^mayfly-ended ([0-9a-f]+) (\d+)$/;
/** Exit code with which ssh says that it, not the command, failed. */
const SSH_FAILED = 255;

/**
 * Runs one of our scripts in the guest.
 * @throws MayflyError `vm.died` when the VM ended meanwhile, `vm.connection` when only ssh broke
 */
export async function runScript(
  guest: GuestSession,
  name: ScriptName,
  values: ScriptValues,
  options: ScriptOptions,
): Promise<ScriptOutcome> {
  let failure: GuestReport | undefined;
  const seen: { ended: boolean; full?: string | undefined } = { ended: false };
  // What the guest prints is the project's own: only lines that know the secret are ours.
  const secret = randomBytes(16).toString('hex');
  const shell = name === 'collect' ? 'bash' : 'sh';
  const result = await attempt(guest, [shell, '-s', '--', ...(options.args ?? [])], {
    input: await scriptText(name, { ...values, MF_SECRET: secret }),
    signal: options.signal,
    onLine: (line, stream) => {
      const ours = (pattern: RegExp): RegExpExecArray | undefined => {
        const found = stream === 'stderr' ? pattern.exec(line) : null;
        return found?.[1] === secret ? found : undefined;
      };
      const [failed, noticed] = [ours(FAILURE_LINE), ours(NOTICE_LINE)];
      const [end, full] = [ours(ENDED_LINE), ours(FULL_LINE)];
      if (full !== undefined) seen.full = full[2];
      else if (failed !== undefined) failure = reportIn(failed);
      else if (noticed !== undefined) options.onNotice?.(reportIn(noticed));
      else if (end !== undefined) seen.ended = true;
      else options.onLine(line, stream);
    },
  });
  if (result.exitCode === FAILED && failure !== undefined) return { exitCode: FAILED, failure };
  if (result.exitCode === SSH_FAILED && !seen.ended) {
    await throwIfGone(guest);
    throw new MayflyError('vm', 'vm.connection', 'The SSH connection to the VM broke.', {
      log: guest.console,
      hint: 'Did a script of the project stop sshd, or the network, in the VM? --rescue keeps it for a look.',
    });
  }
  return { exitCode: result.exitCode, full: seen.full, ...(seen.ended ? { ended: true } : {}) };
}

const reportIn = ([, , code = '', text = '']: RegExpExecArray): GuestReport => ({ code, text });

async function attempt(
  guest: GuestSession,
  command: readonly string[],
  options: { input: string; signal: AbortSignal; onLine: ScriptOptions['onLine'] },
): Promise<RunResult> {
  const every = Array.from({ length: 256 }, (_, code) => code);
  try {
    return await sshRun(guest.ssh, command, { ...options, capture: false, accept: every });
  } catch (error) {
    if (error instanceof CommandError) await throwIfGone(guest);
    throw error;
  }
}

/** Milliseconds in which a dying QEMU is noticed after ssh has lost it. */
const NOTICE_MS = 1500;

async function throwIfGone(guest: GuestSession): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, NOTICE_MS));
  const end = guest.gone();
  if (end !== undefined) throw vmDied(end, guest);
}

export function vmDied({ reason, hostDiskFull }: VmEnd, guest: GuestSession): MayflyError {
  if (hostDiskFull) {
    return new MayflyError(
      'host',
      'host.disk-full',
      'The disk of this host is full: QEMU could not write to a disk of the VM, which was ended.',
      { log: guest.console, hint: 'Make room: see `mayfly box clean` and `mayfly cache list`.' },
    );
  }
  return new MayflyError('vm', 'vm.died', `The VM ended while it was in use: ${reason}.`, {
    log: guest.console,
    hint: 'Was it killed for want of memory? See `dmesg`; vm.memory in builder.yaml and --no-ram make it smaller.',
  });
}
