/**
 * Running programs in a VM: ssh with one master connection, which every later command shares. Under
 * emulation a new connection costs two seconds, a command over the shared one a few tenths.
 */
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { quoteCommand } from './command-error.js';
import { run, type RunOptions, type RunResult } from './run.js';
import { startService, type Service } from './service.js';

/** How to reach a VM. File names are relative to `folder`, in which ssh runs: socket paths stay short. */
export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly folder: string;
  readonly keyFile: string;
  readonly knownHosts: string;
  readonly socket: string;
  /** A command whose standard input and output lead to the VM; undefined where its port is one of this host's. */
  readonly through?: readonly string[];
}

/** What of it leads to the VM. */
export type Way = Pick<SshTarget, 'host' | 'port' | 'folder' | 'through'>;

/** The name under which the VM's host key is known, whatever its port. */
export const HOST_KEY_ALIAS = 'mayfly-builder';

/** ssh's options. The ciphers are the cheapest to emulate; the connection never leaves this machine. */
export function sshOptions(target: SshTarget): readonly string[] {
  const settings: Readonly<Record<string, string>> = {
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    IdentityFile: target.keyFile,
    UserKnownHostsFile: target.knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    HostKeyAlias: HOST_KEY_ALIAS,
    HostKeyAlgorithms: 'ssh-ed25519',
    KexAlgorithms: 'curve25519-sha256',
    Ciphers: 'chacha20-poly1305@openssh.com,aes128-gcm@openssh.com',
    ControlPath: target.socket,
    // Until the guest has answered and keys are exchanged: minutes, where it runs on a loaded host.
    ConnectTimeout: '120',
    ServerAliveInterval: '15',
    // Ten minutes without an answer: a guest under emulation and load can be silent for long.
    ServerAliveCountMax: '40',
    LogLevel: 'ERROR',
  };
  return [
    ...['-F', 'none'],
    ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...(target.through === undefined ? [] : ['-o', `ProxyCommand=${quoteCommand(target.through)}`]),
    ...['-p', String(target.port)],
  ];
}

/** The way to another host may ask this person's agent; a VM never does. */
export function sshEnvironment(target: Way): Readonly<Record<string, string | undefined>> {
  return target.through === undefined ? {} : { SSH_AUTH_SOCK: process.env['SSH_AUTH_SOCK'] };
}

/** The arguments of one ssh command. */
export function sshArguments(
  target: SshTarget,
  command: readonly string[],
  flags: readonly string[] = [],
): readonly string[] {
  // sshd hands the command to a shell, so it travels quoted.
  return [...sshOptions(target), ...flags, `${target.user}@${target.host}`, '--', quoteCommand(command)];
}

/** Runs a command in the VM. Its exit code is the command's; 255 also when the connection broke. */
export function sshRun(
  target: SshTarget,
  command: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return run('ssh', sshArguments(target, command, ['-o', 'ControlMaster=no']), {
    ...options,
    cwd: target.folder,
    env: { ...sshEnvironment(target), ...options.env },
  });
}

/** A port of the guest's loopback that leads to an address that this host reaches. */
export interface Tunnel {
  readonly guestPort: number;
  readonly host: string;
  readonly port: number;
}

/** Keeps the shared connection open until it is ended. It ends with us. */
export async function openMaster(
  target: SshTarget,
  log: string,
  tunnels: readonly Tunnel[] = [],
): Promise<Service> {
  // One that was killed leaves its socket, and ssh would then go without a shared connection.
  await rm(join(target.folder, target.socket), { force: true });
  const settings = ['ControlMaster=yes', 'ControlPersist=no', 'ExitOnForwardFailure=yes'];
  const flags = [...settings.flatMap((setting) => ['-o', setting]), '-N', '-n'];
  const reverse = tunnels.flatMap(({ guestPort, host, port }) => [
    '-R',
    `127.0.0.1:${guestPort}:${host.includes(':') ? `[${host}]` : host}:${port}`,
  ]);
  const args = [...sshOptions(target), ...flags, ...reverse, `${target.user}@${target.host}`];
  return await startService('ssh', args, {
    cwd: target.folder,
    log,
    env: sshEnvironment(target),
    whenWeDie: 'TERM',
  });
}

/** Whether the shared connection answers. */
export async function masterAnswers(target: SshTarget, signal: AbortSignal): Promise<boolean> {
  const args = [...sshOptions(target), '-O', 'check', `${target.user}@${target.host}`];
  const result = await run('ssh', args, { cwd: target.folder, signal, accept: [0, 255] });
  return result.exitCode === 0;
}

/** Whether something that speaks SSH answers in the VM, before the signal: with a time limit, or when it is known. */
export function hasBanner(target: Way, signal: AbortSignal): Promise<boolean> {
  return target.through === undefined
    ? bannerAt(target.host, target.port, signal)
    : bannerThrough(target, target.through, signal);
}

async function bannerThrough(
  target: Way,
  [program = '', ...args]: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const done = new AbortController();
  let found = false;
  const onLine = (line: string, stream: 'stdout' | 'stderr'): void => {
    found ||= stream === 'stdout' && line.startsWith('SSH-');
    done.abort();
  };
  const giveUp = (): void => {
    done.abort();
  };
  signal.addEventListener('abort', giveUp, { once: true });
  const options = { cwd: target.folder, env: sshEnvironment(target), signal: done.signal, onLine };
  await run(program, args, options).catch(() => undefined);
  signal.removeEventListener('abort', giveUp);
  return found;
}

function bannerAt(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const giveUp = (): void => {
      done(false);
    };
    const done = (answer: boolean): void => {
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(answer);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('data', (data) => {
      done(data.toString('latin1').startsWith('SSH-'));
    });
    socket.once('error', () => {
      done(false);
    });
    socket.once('close', () => {
      done(false);
    });
  });
}
