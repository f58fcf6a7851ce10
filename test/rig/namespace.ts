/**
 * Namespaces of one command's own, in which a test may hide a program, give it a small disk, cut its
 * network off or call the host by another name. The command is root there and an ordinary user
 * outside; nothing of the machine changes.
 */
import { execa } from 'execa';
import { folder, home, PROGRAM, type Outcome } from './mayfly.js';

/** Where the greeters of a namespace are. */
export const GREETER_PORT = 7070;

/** A program for `node -e`, and its address: it greets who connects, and who sends a datagram. */
export const GREETER = [
  'const [, address] = process.argv',
  "const datagrams = require('dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4')",
  `require('net').createServer((s) => s.on('error', () => {}).end('hello\\n')).listen(${GREETER_PORT}, address)`,
  `datagrams.on('message', (_, { port, address }) => datagrams.send('hello\\n', port, address)).bind(${GREETER_PORT}, address)`,
].join('; ');

export interface Namespace {
  readonly cwd: string;
  readonly home?: string;
  /** Programs that are not there, by path. */
  readonly without?: readonly string[];
  /** A folder on a file system of so many MiB. */
  readonly small?: { readonly path: string; readonly mebibytes: number };
  /** No network but its own loopback. */
  readonly alone?: boolean;
  /** Addresses of the host there that greet who connects to PORT, beside its loopback; with `alone` only. */
  readonly greeters?: readonly string[];
  /** What the host is called. */
  readonly hostname?: string;
  /** For files that are made without a mode; octal. */
  readonly umask?: string;
  /** Processors that it may use, as taskset(1) has them. */
  readonly cpus?: string;
  /** Milliseconds; default two minutes. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export async function mayflyIn(namespace: Namespace, args: readonly string[]): Promise<Outcome> {
  const { without = [], small, alone, greeters = [], hostname, umask, cpus } = namespace;
  const program = cpus === undefined ? '"$@"' : `taskset --cpu-list ${cpus} "$@"`;
  const setup = [
    ...without.map((path) => `mount --bind /dev/null ${path}`),
    ...(small === undefined
      ? []
      : [`mount -t tmpfs -o size=${small.mebibytes}M,mode=0755 small '${small.path}'`]),
    ...(alone === true ? ['ip link set lo up'] : []),
    ...(hostname === undefined ? [] : [`hostname ${hostname}`]),
    ...(umask === undefined ? [] : [`umask ${umask}`]),
    ...greeters.flatMap((address) => [
      ...(['127.0.0.1', '::1'].includes(address)
        ? []
        : [`ip address add ${address}/${address.includes(':') ? 128 : 32} dev lo`]),
      `node -e "${GREETER}" ${address} > /dev/null 2>&1 & greeters="\${greeters:-} $!"`,
    ]),
    greeters.length === 0
      ? `exec ${program}`
      : `${program} && ended=0 || ended=$?; kill $greeters; exit $ended`,
  ].join('\n');
  const vector = [
    '--user',
    '--map-auto',
    '--map-root-user',
    '--mount',
    ...(alone === true ? ['--net'] : []),
    ...(hostname === undefined ? [] : ['--uts']),
    '--',
    'sh',
    '-ec',
    setup,
    'sh',
    process.execPath,
    PROGRAM,
    ...args,
  ];
  const { exitCode, signal, stdout, stderr, all } = await execa('unshare', vector, {
    cwd: namespace.cwd,
    env: { CI: 'true', MAYFLY_HOME: namespace.home ?? home, MAYFLY_TMPDIR: folder, ...namespace.env },
    reject: false,
    all: true,
    stdin: 'ignore',
    timeout: namespace.timeoutMs ?? 120_000,
  });
  return { exitCode, signal, stdout, stderr, all };
}
