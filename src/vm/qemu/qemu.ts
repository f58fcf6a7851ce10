/** The default provider: QEMU as a child process. No daemon, no root, nothing beyond 127.0.0.1. */
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, MayflyError, throwIfAborted } from '../../errors.js';
import { vmFiles } from '../../paths.js';
import { isAlive, ownerOf, type Owner } from '../../process/owner.js';
import { signalGroup } from '../../process/children.js';
import { run, which } from '../../process/run.js';
import { logTail, startService, type Service } from '../../process/service.js';
import { makeKeys, sshTarget } from '../keys.js';
import {
  SHARE_TAGS,
  tooLittleMemory,
  type Provider,
  type RunningVm,
  type Support,
  type VmExit,
  type VmOnDisk,
  type VmSpec,
} from '../provider.js';
import { networkSettings, qemuArguments } from './arguments.js';
import { watchDisks } from './disk-watch.js';
import { forwardedPort, QmpClient } from './qmp.js';

const PROGRAM = 'qemu-system-x86_64';
/** Milliseconds in which QEMU must open its control socket, and in which it must end when killed. */
const START_MS = 30_000;
const END_MS = 10_000;

export const qemu: Provider = {
  name: 'qemu',
  async supported({ memoryBytes, availableMemory }): Promise<Support> {
    for (const program of [PROGRAM, 'qemu-img', 'ssh', 'ssh-keygen']) {
      if (which(program) === undefined) {
        return {
          supported: false,
          reason: `${program} is not installed`,
          hint: 'sudo apt-get install --no-install-recommends qemu-system-x86 qemu-utils openssh-client',
        };
      }
    }
    if (availableMemory < memoryBytes) return tooLittleMemory('this host', availableMemory, memoryBytes);
    const { stdout } = await run(PROGRAM, ['--version']);
    return { supported: true, found: stdout.split('\n', 1)[0] ?? '' };
  },
  start,
  adopt,
  async lives({ record }) {
    return record.process !== undefined && (await isAlive(record.process));
  },
  bringConsole: () => Promise.resolve(),
  async remove({ record }) {
    const own = record.process;
    if (own === undefined || !(await isAlive(own))) return;
    signalGroup(own.pid, 'SIGKILL');
    while (await isAlive(own)) await sleep(20);
  },
};

function adopt({ folder, record }: VmOnDisk): Promise<RunningVm> {
  if (record.process === undefined || record.port === undefined) {
    throw new MayflyError('vm', 'vm.not-running', `The VM ${record.id} does not run.`);
  }
  return Promise.resolve(adopted(record.id, folder, record.process, record.port));
}

async function start(spec: VmSpec, signal: AbortSignal): Promise<RunningVm> {
  // A VM that was halted starts again with the disk and the keys that it had.
  if (!(await exists(join(spec.folder, vmFiles.disk)))) {
    await makeKeys(spec.folder, signal);
    await writeFile(join(spec.folder, vmFiles.network), networkSettings(spec.network));
    const backing = ['-b', spec.box.disk, '-F', 'qcow2'];
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, vmFiles.disk], {
      cwd: spec.folder,
      signal,
    });
  }
  throwIfAborted(signal);
  const service = await startService(PROGRAM, qemuArguments(spec), {
    cwd: spec.folder,
    log: join(spec.folder, vmFiles.qemuLog),
    whenWeDie: spec.mayOutliveUs ? 'outlives' : 'KILL',
  });
  try {
    using qmp = await waitForQmp(service, spec.folder, signal);
    const port = forwardedPort(await qmp.monitor('info usernet'));
    if (port === undefined)
      throw new MayflyError('vm', 'vm.no-port', 'QEMU did not say which port it forwards to the guest.');
    return await attached(service, spec, port);
  } catch (error) {
    await service.end(0);
    throw error;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function waitForQmp(service: Service, folder: string, signal: AbortSignal): Promise<QmpClient> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    throwIfAborted(signal);
    if (service.exit !== undefined) {
      throw new MayflyError(
        'vm',
        'vm.qemu-failed',
        `QEMU ended at once: ${exitReason(service.exit.exitCode, service.exit.signal)}.`,
        {
          details: logTail(join(folder, vmFiles.qemuLog)),
          hint: '`mayfly doctor` checks what QEMU needs. cpumodel and machinetype take the names that `qemu-system-x86_64 -cpu help` and `-machine help` list.',
        },
      );
    }
    try {
      return await QmpClient.connect(folder, vmFiles.qmp);
    } catch (error) {
      if (!hasCode(error, 'ENOENT') && !hasCode(error, 'ECONNREFUSED')) throw error;
      if (Date.now() > deadline)
        throw new MayflyError(
          'vm',
          'vm.qemu-silent',
          `QEMU did not open its control socket within ${START_MS / 1000} s.`,
        );
      await sleep(20);
    }
  }
}

function exitReason(code: number | undefined, signal: string | undefined): string {
  return signal === undefined
    ? `${PROGRAM} exited with code ${code ?? '(unknown)'}`
    : `${PROGRAM} was killed by ${signal}`;
}

/** The VM that this process started. */
async function attached(service: Service, spec: VmSpec, port: number): Promise<RunningVm> {
  let exit: VmExit | undefined;
  let hostDiskFull = false;
  await watchDisks(spec.folder, () => {
    hostDiskFull = true;
    void service.end(0);
  });
  const exited = service.exited.then((status) => {
    // Its own last words: an assertion that failed, memory that it did not get.
    const [last] = status.exitCode === 0 ? [] : logTail(join(spec.folder, vmFiles.qemuLog), 1);
    const reason = exitReason(status.exitCode, status.signal);
    exit = { reason: last === undefined ? reason : `${reason}: ${last}`, hostDiskFull };
    return exit;
  });
  return {
    id: spec.id,
    process: await ownerOf(service.pid),
    shareTags: SHARE_TAGS,
    ssh: sshTarget(spec.folder, port),
    exited,
    get exit() {
      return exit;
    },
    async stop() {
      // Nobody knows how it ended.
      if (service.exit !== undefined) return false;
      // On SIGTERM QEMU closes its disks' files before it exits (qcow2 keeps tables in memory).
      return (await service.end(END_MS)).exitCode === 0;
    },
    async kill() {
      await service.end(0);
    },
    bringConsole: () => Promise.resolve(),
    letGo: () => Promise.resolve(),
  };
}

/** A VM that an earlier process started and kept. */
export function adopted(id: string, folder: string, owner: Owner, port: number): RunningVm {
  let exit: VmExit | undefined;
  let hostDiskFull = false;
  const onFull = (): void => {
    hostDiskFull = true;
    signalGroup(owner.pid, 'SIGKILL');
  };
  // A VM that has ended meanwhile has no socket any more; watch() below sees that.
  watchDisks(folder, onFull).catch(() => undefined);
  const end = async (signal: NodeJS.Signals): Promise<boolean> => {
    if (await isAlive(owner)) signalGroup(owner.pid, signal);
    const deadline = Date.now() + END_MS;
    while (await isAlive(owner)) {
      if (Date.now() > deadline) return false;
      await sleep(50);
    }
    exit ??= { reason: `${PROGRAM} ended`, hostDiskFull };
    return true;
  };
  const kill = async (): Promise<void> => {
    if (!(await end('SIGKILL'))) {
      throw new MayflyError('vm', 'vm.unkillable', `QEMU (process ${owner.pid}) of VM ${id} does not end.`);
    }
  };
  return {
    id,
    process: owner,
    shareTags: SHARE_TAGS,
    ssh: sshTarget(folder, port),
    exited: watch(owner).then((reason) => (exit ??= { reason, hostDiskFull })),
    get exit() {
      return exit;
    },
    async stop() {
      // Nobody knows how it ended: its exit code is lost.
      if (!(await isAlive(owner))) return false;
      if (await end('SIGTERM')) return true;
      await kill();
      return false;
    },
    kill,
    bringConsole: () => Promise.resolve(),
    letGo: () => Promise.resolve(),
  };
}

/** Settles when the process is gone. Never keeps mayfly alive by itself. */
async function watch(owner: Owner): Promise<string> {
  while (await isAlive(owner)) await sleep(500, undefined, { ref: false });
  return `${PROGRAM} ended`;
}
