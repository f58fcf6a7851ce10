/** Hosts to run builder VMs on, of a test's own: this one, with a libvirt of the person's, or a small machine in namespaces. */
import { execa } from 'execa';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';

const RIG = fileURLToPath(new URL('libvirtd.sh', import.meta.url));

export interface Machine {
  /** Words before a folder and a command, which then run there; none where it is this host. */
  readonly enter?: readonly string[] | undefined;
  /** What commands need to know. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs a program there. @returns its stdout; empty when it failed */
  run(program: string, ...args: readonly string[]): Promise<string>;
  /** Ends everything that it runs. */
  end(): Promise<void>;
}

/** This host. A libvirt of the person's own starts when it is wanted, in a folder below this one, and is ended by its pid. */
export async function thisHost(folder: string): Promise<Machine> {
  const runtime = join(folder, 'run');
  await mkdir(runtime, { recursive: true, mode: 0o700 });
  const env = { XDG_RUNTIME_DIR: runtime };
  return {
    env,
    run: async (program, ...args) => (await execa(program, args, { env, reject: false })).stdout,
    async end() {
      const pid = await readFile(join(runtime, 'libvirt/libvirtd.pid'), 'utf8').catch(() => undefined);
      if (pid !== undefined) await endProcess(Number(pid));
      await rm(runtime, { recursive: true, force: true });
    },
  };
}

/** A small machine whose QEMU is out of mayfly's sight; its libvirtd sees it. */
export async function smallMachineWithoutQemu(folder: string): Promise<Machine> {
  const machine = await smallMachine(folder);
  const [program = '', ...words] = machine.enter ?? [];
  const hide = 'mount --bind /dev/null /usr/bin/qemu-system-x86_64 && cd "$1" && shift && exec "$@"';
  const options = words.slice(0, words.indexOf('--') + 1);
  return { ...machine, enter: [program, ...options, 'unshare', '--mount', '--', 'sh', '-c', hide, 'sh'] };
}

/** A machine with a system libvirtd and an SSH server, whose files are below this folder: see libvirtd.sh. */
export async function smallMachine(folder: string): Promise<Machine> {
  const files = join(folder, 'machine');
  const child = execa('sh', [RIG, files, 'sh', '-c', 'echo ready; exec cat'], {
    reject: false,
    // It ends when its input does: with us, however we end.
    stdin: 'pipe',
    all: true,
  });
  let said = '';
  child.all.on('data', (chunk: Buffer | string) => (said += chunk.toString()));
  await eventually(`the machine runs: ${said}`, () => said.includes('ready'), 60_000);
  const inside = await childOf(child.pid ?? -1);
  const enter = [
    'nsenter',
    ...[
      '--target',
      String(inside),
      '--user',
      '--mount',
      '--net',
      '--pid',
      '--setuid',
      '0',
      '--setgid',
      '0',
      '--',
    ],
    ...['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh'],
  ];
  return {
    enter,
    env: {},
    run: async (program, ...args) => {
      const [first = '', ...rest] = [...enter, '/', program, ...args];
      return (await execa(first, rest, { reject: false })).stdout;
    },
    async end() {
      child.stdin.end();
      await child;
      // libvirt gives some of its folders to users that only exist in there.
      await execa('unshare', ['--user', '--map-auto', '--map-root-user', 'rm', '-rf', files]);
    },
  };
}

async function childOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return Number(children.trim().split(' ')[0]);
}

async function endProcess(pid: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const send = (what: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(pid, what);
    } catch {
      return false;
    }
  };
  send(signal);
  await eventually(`process ${pid} ends`, () => !send(0), 20_000);
}
