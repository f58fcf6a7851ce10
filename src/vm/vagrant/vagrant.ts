/**
 * The provider for those who live with Vagrant: it writes a Vagrantfile and drives the real `vagrant` with the plug-in
 * vagrant-libvirt. Disks are volumes of libvirt's pool, as with the provider libvirt; the domain is the plug-in's.
 */
import { writeSync } from 'node:fs';
import { access, mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MayflyError } from '../../errors.js';
import { vagrantLockFile, vmFiles } from '../../paths.js';
import { CommandError } from '../../process/command-error.js';
import { lock } from '../../process/lock.js';
import { which } from '../../process/run.js';
import { logTail } from '../../process/service.js';
import { makeKeys } from '../keys.js';
import type { Provider, RunningVm, VmOnDisk, VmSpec } from '../provider.js';
import { virsh } from '../libvirt/connection.js';
import { bringConsole, makeConsole } from '../libvirt/console.js';
import { domainName, HANDOVER_DISK } from '../libvirt/domain.js';
import { makeHandover } from '../libvirt/handover.js';
import {
  createVolume,
  deleteVolume,
  removeVmVolumes,
  upload,
  vmVolume,
  volumePath,
} from '../libvirt/pool.js';
import { discardPoolCache } from '../libvirt/pool-caches.js';
import {
  destroyDomain,
  domainRuns,
  logSize,
  runningDomain,
  startWatch,
  unkillable,
  type Domain,
} from '../libvirt/watch.js';
import { ensureVagrantBox } from './box.js';
import { mayflyIn } from './by-hand.js';
import { vagrant as command } from './command.js';
import { cutOff, defineFilter } from './network-filter.js';
import { vagrantSupport } from './support.js';
import { has9p, ownVagrantfile, shareTags, SYSTEM, vagrantfile } from './vagrantfile.js';

/** Lines of the serial console that are shown when Vagrant gave up. */
const CONSOLE_LINES = 15;
/** Seconds that Vagrant waits for SSH, where nobody says how long. */
const BOOT_SECONDS = 600;

export const vagrant: Provider = {
  name: 'vagrant',
  supported: vagrantSupport,
  start,
  async adopt({ folder, record: { id, host, port } }) {
    // One that was halted, and then started by hand, for another branch: nobody has noted where it is.
    const address = host ?? (await addressOf(id, new AbortController().signal));
    return await attach(id, folder, address, port ?? 22);
  },
  async lives({ record: { id, kept, port, started } }) {
    if (port === undefined && started === undefined)
      return kept && (await domainRuns(SYSTEM, id).catch(() => false));
    return await domainRuns(SYSTEM, id).catch(() => undefined);
  },
  async bringConsole({ folder, record: { id } }) {
    if ((await consoleIn(folder)) === 'pool') await bringConsole(SYSTEM, id, folder);
  },
  remove,
};

const machineFolder = (folder: string): string => join(folder, vmFiles.vagrant);

async function start(spec: VmSpec, signal: AbortSignal): Promise<RunningVm> {
  // Vagrant adds a box, and its plug-in makes and removes the network, with no regard for another process that is at it.
  await using _alone = await lock(vagrantLockFile(spec.folder), {
    purpose: 'starts a VM with Vagrant',
    signal,
  });
  const machine = machineFolder(spec.folder);
  const isNew = await access(join(machine, 'Vagrantfile')).then(
    () => false,
    () => true,
  );
  if (isNew) await prepare(spec, machine, signal);
  const isCutOff = spec.network === 'restricted';
  try {
    // Before the VM starts: one that was halted has it on its interface.
    if (isCutOff) await defineFilter(spec.folder, signal);
    // A person's own `vagrant up` may have started it, and waits for us.
    if (isNew || !(await domainRuns(SYSTEM, spec.id))) {
      // Our own steps provision it; and a machine that does not come up is looked at before it goes.
      const up = ['up', '--provider', 'libvirt', '--no-provision', '--no-destroy-on-error'];
      await logged(up, spec.folder, signal);
    }
    if (isCutOff) await cutOff(spec.id, spec.folder, signal);
    return await attach(spec.id, spec.folder, await addressOf(spec.id, signal), 22);
  } catch (error) {
    await destroyDomain(SYSTEM, domainName(spec.id), []).catch(() => false);
    if (!(error instanceof CommandError)) throw error;
    // Where the console is in the VM's folder, there is no volume of it.
    await bringConsole(SYSTEM, spec.id, spec.folder).catch(() => undefined);
    const console = logTail(join(spec.folder, vmFiles.console), CONSOLE_LINES);
    throw new MayflyError('vm', 'vm.vagrant-failed', 'Vagrant did not start the VM.', {
      details: [
        ...saidBy(await readFile(join(spec.folder, vmFiles.vagrantLog), 'utf8').catch(() => '')),
        ...(console.length === 0 ? [] : ["The guest's serial console ends with:", ...console]),
      ],
      hint: '`mayfly doctor` tries what each provider needs.',
      cause: error,
    });
  }
}

/** Vagrant's output is kept in the VM's folder. */
async function logged(args: readonly string[], folder: string, signal: AbortSignal): Promise<void> {
  const log = await open(join(folder, vmFiles.vagrantLog), 'a', 0o600);
  try {
    const onLine = (line: string): void => void writeSync(log.fd, `${line}\n`);
    await command(args, { cwd: machineFolder(folder), signal, onLine });
  } finally {
    await log.close();
  }
}

/** The end of what Vagrant said, without the places in its source where it was. Pure. */
export function saidBy(log: string): readonly string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !/^\s*from \/\S+:\d+:in /.test(line));
  return lines.slice(-15);
}

async function prepare(spec: VmSpec, machine: string, signal: AbortSignal): Promise<void> {
  if (spec.vagrantfile !== undefined) await checkOwn(spec.folder, spec.vagrantfile);
  await makeKeys(spec.folder, signal);
  await makeHandover(spec.folder, false, signal);
  const name = vmVolume(spec.id, 'handover');
  const file = join(spec.folder, vmFiles.handover);
  await createVolume(SYSTEM, { name, bytes: (await stat(file)).size, format: 'raw' }, signal);
  await upload(SYSTEM, name, file, signal);
  await ensureVagrantBox(spec.box, spec.id, spec.folder, signal);
  const with9p = await readsOurFiles(signal);
  if (!with9p) await makeConsole(SYSTEM, spec.id, signal);
  const text = vagrantfile({
    spec,
    user: spec.user,
    handover: { serial: HANDOVER_DISK, path: await volumePath(SYSTEM, name, signal), format: 'raw' },
    with9p,
    console: with9p
      ? join(spec.folder, vmFiles.console)
      : await volumePath(SYSTEM, vmVolume(spec.id, 'console'), signal),
    bootSeconds: spec.bootTimeoutMs === undefined ? BOOT_SECONDS : Math.ceil(spec.bootTimeoutMs / 1000),
    mayfly: mayflyIn(spec.checkout, process.env),
  });
  await mkdir(machine);
  await writeFile(join(machine, 'Vagrantfile'), text);
}

async function checkOwn(folder: string, path: string): Promise<void> {
  await access(ownVagrantfile(folder, path)).catch((error: unknown) => {
    throw new MayflyError('usage', 'vm.no-vagrantfile', `The builder directory has no ${path}.`, {
      hint: 'Write it, or change vm.vagrantfile in builder.yaml.',
      cause: error,
    });
  });
}

/** Whether QEMU runs as this person: then it can enter the VM's folder. @see libvirt's qemu.conf, user */
async function readsOurFiles(signal: AbortSignal): Promise<boolean> {
  const { stdout } = await virsh(SYSTEM, ['capabilities'], { signal });
  return qemuUser(stdout) === process.getuid?.();
}

/** The user that libvirt runs QEMU as, from `virsh capabilities`. Pure. */
export function qemuUser(capabilities: string): number | undefined {
  const model = /<secmodel>\s*<model>dac<\/model>[\s\S]*?<\/secmodel>/.exec(capabilities)?.[0] ?? '';
  const label = /<baselabel type='qemu'>\+(\d+):/.exec(model)?.[1];
  return label === undefined ? undefined : Number(label);
}

/** Milliseconds for libvirt to say which address it gave out; the VM has it, or Vagrant had not come back. */
const ADDRESS_MS = 20_000;

async function addressOf(id: string, signal: AbortSignal): Promise<string> {
  const deadline = Date.now() + ADDRESS_MS;
  for (;;) {
    const { stdout } = await virsh(SYSTEM, ['domifaddr', domainName(id), '--source', 'lease'], { signal });
    const address = /\sipv4\s+([\d.]+)\//.exec(stdout)?.[1];
    if (address !== undefined) return address;
    if (Date.now() > deadline) {
      throw new MayflyError('vm', 'vm.no-address', `libvirt does not say which address the VM ${id} has.`);
    }
    await sleep(200);
  }
}

async function attach(id: string, folder: string, host: string, port: number): Promise<RunningVm> {
  const from = await logSize(folder);
  const watch = await startWatch(SYSTEM, id, folder);
  const where = await consoleIn(folder);
  const vm = runningDomain({ uri: SYSTEM, id, folder, host, port, consoleIn: where }, watch, from);
  return Object.assign(vm, { shareTags: where === 'folder' ? shareTags(folder) : undefined });
}

/** Where QEMU reads the VM's folder, shares go by 9p and the console is there; else that is a volume. */
async function consoleIn(folder: string): Promise<Domain['consoleIn']> {
  return has9p(await readFile(join(machineFolder(folder), 'Vagrantfile'), 'utf8')) ? 'folder' : 'pool';
}

/** `vagrant destroy`, and by hand what that leaves: it may be gone, or never have come up. */
async function remove({ folder, record }: VmOnDisk): Promise<void> {
  const { id } = record;
  const name = domainName(id);
  const machine = machineFolder(folder);
  if (!(await destroyDomain(SYSTEM, name, []))) throw unkillable(SYSTEM, name);
  // Without one, Vagrant would take that of a folder above.
  const hasFile = await access(join(machine, 'Vagrantfile')).then(
    () => true,
    () => false,
  );
  if (hasFile && which('vagrant') !== undefined) {
    await using _alone = await lock(vagrantLockFile(folder), { purpose: 'removes a VM with Vagrant' });
    await command(['destroy', '--force'], { cwd: machine }).catch(() => undefined);
  }
  await virsh(SYSTEM, ['undefine', name], { accept: [0, 1] });
  await deleteVolume(SYSTEM, `${name}.img`);
  for (const cache of Object.keys(record.caches)) await discardPoolCache(SYSTEM, cache, id);
  await removeVmVolumes(SYSTEM, id);
}
