/**
 * The provider for those who have libvirt: a transient domain for each VM. On `qemu:///session` QEMU reads this
 * person's files as they are; on other connections disks are volumes of the host's pool, and the source is copied.
 * A VM that is not to be kept is libvirt's to end when our connection breaks (`create --autodestroy`).
 */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MayflyError, throwIfAborted } from '../../errors.js';
import { vmFiles } from '../../paths.js';
import { run } from '../../process/run.js';
import { logTail, startService, type Service } from '../../process/service.js';
import { makeKeys } from '../keys.js';
import type { Provider, RunningVm, VmOnDisk, VmSpec } from '../provider.js';
import { networkSettings } from '../qemu/arguments.js';
import { forwardedPort } from '../qemu/qmp.js';
import { connectionEnvironment, parseConnection, virsh, virshArguments } from './connection.js';
import { bringConsole, makeConsole } from './console.js';
import { domainName, domainXml, type DomainFiles } from './domain.js';
import { makeHandover } from './handover.js';
import { createVolume, ensureBoxVolume, removeVmVolumes, upload, vmVolume, volumePaths } from './pool.js';
import { discardPoolCache } from './pool-caches.js';
import { libvirtSupport } from './support.js';
import {
  destroyDomain,
  domainRuns,
  logSize,
  runningDomain,
  startWatch,
  unkillable,
  type Domain,
} from './watch.js';

/** Milliseconds in which libvirt must have started QEMU. */
const START_MS = 60_000;

/** A host that did not answer is not asked about the next VM as well: each would be waited for. URI → performance.now() */
const silentSince = new Map<string, number>();
/** Milliseconds. */
const SILENCE_MS = 60_000;

export const libvirt: Provider = {
  name: 'libvirt',
  supported: libvirtSupport,
  start,
  async adopt(vm): Promise<RunningVm> {
    const { uri, id, folder } = known(vm);
    if (vm.record.port === undefined) {
      throw new MayflyError('vm', 'vm.not-running', `The VM ${id} does not run.`);
    }
    const from = await logSize(folder);
    const domain = { uri, id, folder, port: vm.record.port, ...consoleAt(uri) };
    return runningDomain(domain, await startWatch(uri, id, folder), from);
  },
  async lives(vm) {
    const { uri, id } = known(vm);
    if (vm.record.port === undefined) return false;
    const since = silentSince.get(uri);
    if (since !== undefined && performance.now() - since < SILENCE_MS) return undefined;
    return await domainRuns(uri, id).catch(() => {
      silentSince.set(uri, performance.now());
      return undefined;
    });
  },
  async bringConsole(vm) {
    const { uri, id, folder } = known(vm);
    if (!parseConnection(uri).isSession) await bringConsole(uri, id, folder);
  },
  async remove(vm) {
    const { uri, id } = known(vm);
    if (!(await destroyDomain(uri, domainName(id), []))) throw unkillable(uri, domainName(id));
    if (parseConnection(uri).isSession) return;
    for (const cache of Object.keys(vm.record.caches)) await discardPoolCache(uri, cache, id);
    await removeVmVolumes(uri, id);
  },
};

function known({ folder, record }: VmOnDisk): { uri: string; id: string; folder: string } {
  return { uri: connectionOf(record), id: record.id, folder };
}

function connectionOf({ connection }: { readonly connection?: string | undefined }): string {
  if (connection === undefined) throw new Error('a VM of libvirt without a connection');
  return connection;
}

async function start(spec: VmSpec, signal: AbortSignal): Promise<RunningVm> {
  const uri = connectionOf(spec);
  const isSession = parseConnection(uri).isSession;
  // A VM that was halted starts again with the disk and the keys that it had.
  const isNew = await stat(join(spec.folder, vmFiles.domain)).then(
    () => false,
    () => true,
  );
  if (isNew) {
    await makeKeys(spec.folder, signal);
    await writeFile(join(spec.folder, vmFiles.network), networkSettings(spec.network));
    await makeHandover(spec.folder, true, signal);
  }
  const files = await (isSession ? filesHere(spec, isNew, signal) : filesInPool(uri, spec, isNew, signal));
  const shares = isSession ? spec.shares : [];
  await writeFile(join(spec.folder, vmFiles.domain), `${domainXml({ ...spec, shares }, files)}\n`);
  throwIfAborted(signal);
  const from = await logSize(spec.folder);
  const watch = await launch(uri, spec, signal);
  try {
    const port = await waitForPort(uri, spec, watch, signal);
    const domain = { uri, id: spec.id, folder: spec.folder, port, ...consoleAt(uri) };
    return runningDomain(domain, watch, from);
  } catch (error) {
    await destroyDomain(uri, domainName(spec.id), []).catch(() => false);
    await watch.end(1000);
    throw error;
  }
}

const consoleAt = (uri: string): Pick<Domain, 'consoleIn'> => ({
  consoleIn: parseConnection(uri).isSession ? 'folder' : 'pool',
});

async function filesHere(spec: VmSpec, isNew: boolean, signal: AbortSignal): Promise<DomainFiles> {
  if (isNew) {
    const create = ['create', '-q', '-f', 'qcow2', '-b', spec.box.disk, '-F', 'qcow2', vmFiles.disk];
    await run('qemu-img', create, { cwd: spec.folder, signal });
  }
  return {
    root: join(spec.folder, vmFiles.disk),
    handover: join(spec.folder, vmFiles.handover),
    kernel: { kernel: spec.box.kernel, initrd: spec.box.initrd },
    console: join(spec.folder, vmFiles.console),
  };
}

async function filesInPool(
  uri: string,
  spec: VmSpec,
  isNew: boolean,
  signal: AbortSignal,
): Promise<DomainFiles> {
  const root = vmVolume(spec.id, 'root');
  const handover = vmVolume(spec.id, 'handover');
  const console = vmVolume(spec.id, 'console');
  if (isNew) {
    await makeConsole(uri, spec.id, signal);
    const backing = await ensureBoxVolume(uri, spec.box, spec.id, signal);
    await createVolume(uri, { name: root, bytes: spec.box.diskBytes, format: 'qcow2', backing }, signal);
    const file = join(spec.folder, vmFiles.handover);
    await createVolume(uri, { name: handover, bytes: (await stat(file)).size, format: 'raw' }, signal);
    await upload(uri, handover, file, signal);
  }
  const paths = await volumePaths(uri, [root, handover, console], signal);
  const [rootPath = '', handoverPath = '', consolePath = ''] = paths;
  return { root: rootPath, handover: handoverPath, kernel: undefined, console: consolePath };
}

async function launch(uri: string, spec: VmSpec, signal: AbortSignal): Promise<Service> {
  const { folder, id } = spec;
  if (spec.mayOutliveUs) {
    await virsh(uri, ['create', vmFiles.domain], { cwd: folder, signal });
    return await startWatch(uri, id, folder);
  }
  const watch = `event --domain ${domainName(id)} --event lifecycle --loop`;
  const commands = `create --autodestroy ${vmFiles.domain}; ${watch}`;
  return await startService('virsh', virshArguments(uri, [commands]), {
    cwd: folder,
    log: join(folder, vmFiles.virshLog),
    env: connectionEnvironment(),
    whenWeDie: 'KILL',
  });
}

async function waitForPort(uri: string, spec: VmSpec, watch: Service, signal: AbortSignal): Promise<number> {
  const deadline = Date.now() + START_MS;
  const ask = ['qemu-monitor-command', '--hmp', domainName(spec.id), 'info usernet'];
  for (;;) {
    throwIfAborted(signal);
    if (watch.exit !== undefined || Date.now() > deadline) {
      throw new MayflyError('vm', 'vm.libvirt-failed', `libvirt at ${uri} did not start the VM.`, {
        details: logTail(join(spec.folder, vmFiles.virshLog)),
        hint: '`mayfly doctor` tries what each provider needs. cpumodel and machinetype take the names that `virsh domcapabilities` lists.',
      });
    }
    const { stdout } = await virsh(uri, ask, { signal, accept: [0, 1] });
    const port = forwardedPort(stdout);
    if (port !== undefined) return port;
    await sleep(50);
  }
}
