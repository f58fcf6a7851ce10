/** Long-lived children: QEMU, an ssh master connection. They end when we say so, or with us. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { notInstalled } from './command-error.js';
import { cleanEnvironment } from './environment.js';
import { noteChild, signalGroup } from './children.js';
import { requireTie, tied, which, type DeathSignal } from './run.js';

export interface ServiceOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Receives stdout and stderr; a file, so that the child may outlive us. */
  readonly log: string;
  /** The kernel's signal to it when mayfly dies; 'outlives' for a VM that is to be kept. */
  readonly whenWeDie: DeathSignal | 'outlives';
}

/** Between the start of a child and its tie to our life we may have died: then its parent is another one already. */
const ONLY_WITH_US = '[ "$PPID" -eq "$0" ] && exec "$@"';

export interface ServiceExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

export interface Service {
  readonly pid: number;
  readonly exited: Promise<ServiceExit>;
  /** Undefined while it runs. */
  readonly exit: ServiceExit | undefined;
  /** Asks the process group to end, kills it after `graceMs`, and waits until it is gone. */
  end(graceMs: number): Promise<ServiceExit>;
}

/** @throws CommandError when the program is not installed */
export async function startService(
  program: string,
  args: readonly string[],
  options: ServiceOptions,
): Promise<Service> {
  const env = cleanEnvironment(options.env);
  const path = which(program, env);
  requireTie(env, options.cwd);
  if (path === undefined) throw notInstalled([program, ...args], options.cwd);
  const [file, vector] =
    options.whenWeDie === 'outlives'
      ? ([path, [...args]] as const)
      : tied('/bin/sh', ['-c', ONLY_WITH_US, String(process.pid), path, ...args], options.whenWeDie);
  // Plain spawn, not execa: the log must be the child's own descriptor, not a pipe through us.
  const log = openSync(options.log, 'a', 0o600);
  const child = spawn(file, vector, { cwd: options.cwd, env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let exit: ServiceExit | undefined;
  const exited = new Promise<ServiceExit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { exitCode: code ?? undefined, signal: signal ?? undefined };
      resolve(exit);
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      resolve(child.pid ?? -1);
    });
  });
  noteChild(pid, exited);
  if (options.whenWeDie === 'outlives') child.unref();

  return {
    pid,
    exited,
    get exit() {
      return exit;
    },
    async end(graceMs) {
      if (exit !== undefined) return exit;
      // We wait for it now, even for one that might have outlived us.
      child.ref();
      signalGroup(pid, 'SIGTERM');
      const timer = setTimeout(() => {
        signalGroup(pid, 'SIGKILL');
      }, graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** The last lines of a log that a program wrote, or nothing when there is none. */
export function logTail(path: string, count = 20): readonly string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count);
  } catch {
    return [];
  }
}
