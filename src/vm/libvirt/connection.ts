/**
 * Connections of libvirt (libvirt.org/uri.html), and virsh on them. `qemu:///session` is a libvirt of this person's
 * own, which virsh starts when it is wanted and which ends by itself; its QEMU reads this person's files. The
 * others run QEMU as somebody else, here or on another host: disks go through their storage pool.
 */
import { run, type RunOptions, type RunResult } from '../../process/run.js';

export interface Connection {
  readonly uri: string;
  /** QEMU runs as this person, on this host. */
  readonly isSession: boolean;
  /** The command whose standard input and output lead to a port of the host's loopback; undefined on this host. */
  readonly through: ((port: number) => readonly string[]) | undefined;
}

/** Pure. @param uri one that LIBVIRT_URI (config/providers.ts) allows */
export function parseConnection(uri: string): Connection {
  const remote = /^qemu\+ssh:\/\/(?:([^@/]+)@)?([^:/]+)(?::(\d+))?\/system(?:\?(.*))?$/.exec(uri);
  if (remote === null) {
    return { uri, isSession: uri === 'qemu:///session', through: undefined };
  }
  const [, user, host = '', port, query] = remote;
  const settings = new URLSearchParams(query);
  // The parameter that libvirt hands to ssh; its others are for its own SSH.
  const keyFile = settings.get('keyfile');
  const ssh = [
    ...['ssh', '-T', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'],
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', port]),
    ...(keyFile === null ? [] : ['-i', keyFile]),
  ];
  return {
    uri,
    isSession: false,
    through: (guestPort) => [...ssh, '-W', `127.0.0.1:${guestPort}`, '--', host],
  };
}

/** ssh to another host asks this person's agent; nothing else does. */
export function connectionEnvironment(): Readonly<Record<string, string | undefined>> {
  return { SSH_AUTH_SOCK: process.env['SSH_AUTH_SOCK'] };
}

/** virsh(1) with the words that every call has. */
export function virshArguments(uri: string, args: readonly string[]): readonly string[] {
  return ['--quiet', '--connect', uri, ...args];
}

/** @throws CommandError with virsh's own words */
export function virsh(uri: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run('virsh', virshArguments(uri, args), { ...options, env: connectionEnvironment() });
}

/** The names in a list that virsh prints with `--name`: one a line, some padded. Pure. */
export function namesIn(stdout: string): readonly string[] {
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
