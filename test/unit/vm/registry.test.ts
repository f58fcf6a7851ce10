import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { currentOwner, isAlive, ownerOf } from '../../../src/process/owner.js';
import {
  listVms,
  makeVmFolder,
  reapFolders,
  reapVm,
  unreadableVms,
  writeVmRecord,
  type VmRecord,
} from '../../../src/vm/registry.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { eventually } from '../../rig/eventually.js';
import { spawnSleep } from '../../rig/sleeper.js';
import { temporaryFolder } from '../source/repository.js';
import { RECORD } from './spec.js';

const GONE = RECORD.owner;
/** Nobody works with any VM. */
const free = (): Promise<AsyncDisposable> =>
  Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() });

async function put(vms: string, record: Partial<VmRecord>): Promise<string> {
  const folder = await makeVmFolder(vms, record.id ?? RECORD.id);
  await writeVmRecord(folder, { ...RECORD, ...record });
  return folder;
}

describe('the state of a VM', () => {
  it.each([
    ['running', { kept: false, owner: 'alive', process: 'alive' }],
    ['running', { kept: false, owner: 'alive', process: undefined }],
    ['running', { kept: true, owner: 'alive', process: 'gone' }],
    ['kept', { kept: true, owner: 'alive', process: 'alive' }],
    ['kept', { kept: true, owner: 'gone', process: 'alive' }],
    ['crashed', { kept: true, owner: 'gone', process: 'gone' }],
    ['halted', { kept: true, owner: 'gone', process: undefined }],
    ['leftover', { kept: false, owner: 'gone', process: 'alive' }],
    ['leftover', { kept: false, owner: 'gone', process: 'gone' }],
  ] as const)('is %s when it is %j', async (state, { kept, owner, process: own }) => {
    const vms = await temporaryFolder();
    const alive = await currentOwner();
    const is = (who: 'alive' | 'gone') => (who === 'alive' ? alive : GONE);
    await put(vms, { kept, owner: is(owner), ...(own === undefined ? {} : { process: is(own) }) });
    expect((await listVms(vms)).map((vm) => vm.state)).toEqual([state]);
  });
});

describe('the state of a VM that was kept, and is gone', () => {
  const OFF = '[   42.000000] reboot: Power down';
  it.each<[string, string, Partial<VmRecord>, string]>([
    ['halted', 'was halted', {}, ''],
    ['crashed', 'had a port', { port: 2222 }, ''],
    ['crashed', 'was about to start again', { started: { consoleFrom: 0 } }, ''],
    ['crashed', 'panicked', { port: 2222 }, '[ 9.1] ---[ end Kernel panic - not syncing: x ]---\n'],
    ['halted', 'powered itself off', { port: 2222, started: { consoleFrom: 0 } }, `one\n${OFF}\r\n`],
    ['halted', 'was shut down, by an older record', { port: 2222 }, `one\n${OFF}\n`],
    ['halted', 'rebooted, which ends it', { port: 2222 }, '[ 42.0] reboot: Restarting system\n'],
    ['crashed', 'powered itself off in an earlier life', { started: { consoleFrom: 35 } }, `${OFF}\n\n`],
    ['crashed', 'says so long before its end', { port: 2222 }, `${OFF}\n1\n2\n3\n`],
  ])('is %s when it %s', async (state, _what, record, console) => {
    const vms = await temporaryFolder();
    const folder = await put(vms, { kept: true, process: GONE, ...record });
    if (record.port === undefined) await writeVmRecord(folder, { ...RECORD, kept: true, ...record });
    await writeFile(join(folder, 'console.log'), console);
    expect((await listVms(vms)).map((vm) => vm.state)).toEqual([state]);
  });

  it('is crashed when its host does not hand out its console', async () => {
    await fakeProgram('virsh', 'case "$*" in *list*) ;; *) exit 1 ;; esac');
    const vms = await temporaryFolder();
    const connection = 'qemu+ssh://console.example/system';
    const folder = await put(vms, { kept: true, port: 2222, provider: 'libvirt', connection });
    await writeFile(join(folder, 'console.log'), `${OFF}\n`);
    expect((await listVms(vms)).map((vm) => vm.state)).toEqual(['crashed']);
  });
});

describe('the state of a VM that was to be kept, and is not yet', () => {
  it.each([
    ['running', 'its command works', { owner: 'alive', process: 'alive', port: 2222 }],
    ['kept', 'its command was killed, and QEMU lives', { owner: 'gone', process: 'alive', port: 2222 }],
    ['leftover', 'both are gone', { owner: 'gone', process: 'gone', port: 2222 }],
    ['leftover', 'its start was cut off: nobody can get in', { owner: 'gone', process: 'alive' }],
  ] as const)('is %s when %s', async (state, _what, { owner, process: own, ...rest }) => {
    const vms = await temporaryFolder();
    const alive = await currentOwner();
    const is = (who: 'alive' | 'gone') => (who === 'alive' ? alive : GONE);
    await put(vms, { kept: false, toBeKept: true, owner: is(owner), process: is(own), ...rest });
    expect((await listVms(vms)).map((vm) => vm.state)).toEqual([state]);
  });

  it.each([
    ['silent', 'was kept', { kept: true }],
    ['silent', 'was to be kept', { kept: false, toBeKept: true }],
    ['leftover', 'was not to be kept', { kept: false }],
  ] as const)('is %s when its host does not answer, and it %s', async (state, _what, record) => {
    await fakeProgram('virsh', 'exit 1');
    const vms = await temporaryFolder();
    const connection = `qemu+ssh://nobody@192.0.2.9/system?${state}${record.kept}`;
    await put(vms, { ...record, provider: 'libvirt', connection, owner: GONE, port: 2222 });
    expect((await listVms(vms)).map((vm) => vm.state)).toEqual([state]);
    // Nor at the second look, which does not ask again so soon.
    expect((await listVms(vms)).map((vm) => vm.state)).toEqual([state]);
  });

  it('is elsewhere when its command was on another host, where it may work still', async () => {
    const vms = await temporaryFolder();
    const owner = { ...GONE, machine: 'another', hostName: 'desk' };
    await put(vms, { kept: false, toBeKept: true, owner, process: await currentOwner(), port: 2222 });
    expect((await listVms(vms)).map((vm) => vm.state)).toEqual(['elsewhere']);
  });
});

describe('the state of a VM of another host', () => {
  const remote = { provider: 'libvirt', connection: 'qemu+ssh://host.example/system' } as const;
  it.each([
    ['elsewhere', 'kept and runs', { kept: true, port: 2222 }],
    ['elsewhere', 'is not kept', { kept: false }],
    ['halted', 'was halted in order: it runs nowhere', { kept: true }],
    ['kept', 'is at a host that all ask in the same way', { kept: true, port: 2222, ...remote }],
    ['elsewhere', 'is there and is not kept', { kept: false, port: 2222, ...remote }],
  ] as const)('is %s when it %s', async (state, _what, record) => {
    const vms = await temporaryFolder();
    const owner = { ...GONE, machine: 'another', hostName: 'desk' };
    await fakeProgram('virsh', `echo mayfly-${RECORD.id}; echo running`);
    await put(vms, { ...record, owner });
    expect((await listVms(vms)).map((vm) => vm.state)).toEqual([state]);
  });
});

describe('the VMs of a person', () => {
  it('are listed oldest first; folders without a record are passed over', async () => {
    const vms = join(await temporaryFolder(), 'vms');
    expect(await listVms(vms)).toEqual([]);
    await put(vms, { id: 'b', createdAt: '2026-01-02T00:00:00.000Z' });
    await put(vms, { id: 'a', createdAt: '2026-01-03T00:00:00.000Z' });
    await makeVmFolder(vms, 'half');
    expect((await listVms(vms)).map(({ record }) => record.id)).toEqual(['b', 'a']);
  });

  it('are for their owner only, as they hold keys', async () => {
    const vms = join(await temporaryFolder(), 'vms');
    const folder = await put(vms, {});
    for (const path of [vms, folder]) expect((await stat(path)).mode & 0o777).toBe(0o700);
    await expect(makeVmFolder(vms, RECORD.id)).rejects.toThrow('EEXIST');
  });

  it('have records that are read back as they were written', async () => {
    const vms = await temporaryFolder();
    const record: VmRecord = {
      ...RECORD,
      process: GONE,
      port: 40022,
      cpuModel: 'Nehalem',
      caches: { 'example-packages': { serial: 'mayfly-packages', path: '/c/run.qcow2' } },
    };
    await put(vms, record);
    expect((await listVms(vms))[0]?.record).toEqual(record);
  });

  it('with a damaged record, or a stray file, do not stand in the way of the others', async () => {
    const vms = await temporaryFolder();
    await put(vms, {});
    await mkdir(join(vms, 'x'));
    await writeFile(join(vms, 'x/vm.json'), '{}');
    await mkdir(join(vms, 'y'));
    await writeFile(join(vms, 'y/vm.json'), '{"schema": 1, "id');
    await writeFile(join(vms, 'stray'), '');
    expect(await listVms(vms)).toHaveLength(1);
  });
});

describe('reaping', () => {
  it('ends what is left of a VM, and removes its folder', async () => {
    const vms = await temporaryFolder();
    const sleeper = await spawnSleep('qemu-like');
    const own = await ownerOf(sleeper.pid);
    if (own === undefined) throw new Error('it does not run');
    await put(vms, { process: own });
    const [vm] = await listVms(vms);
    expect(vm?.state).toBe('leftover');
    if (vm !== undefined) await reapVm(vm);
    expect(await isAlive(own)).toBe(false);
    expect(await readdir(vms)).toEqual([]);
  });

  it('ends a QEMU that nobody had noted yet, and no shell of a person that stands in the folder', async () => {
    const vms = await temporaryFolder();
    await put(vms, {});
    const [vm] = await listVms(vms);
    const folder = vm?.folder ?? '';
    const [shell, qemu] = [
      await spawnSleep('bash', { cwd: folder }),
      await spawnSleep('qemu-system-x86', { cwd: folder }),
    ];
    const owners = [await ownerOf(shell.pid), await ownerOf(qemu.pid)];
    if (vm !== undefined) await reapVm(vm);
    await eventually('QEMU is gone', async () => owners[1] !== undefined && !(await isAlive(owners[1])));
    expect(owners[0] !== undefined && (await isAlive(owners[0]))).toBe(true);
  });

  it('never signals a process that only has the pid of the VM', async () => {
    const vms = await temporaryFolder();
    const sleeper = await spawnSleep();
    const own = await ownerOf(sleeper.pid);
    if (own === undefined) throw new Error('it does not run');
    await put(vms, { process: { ...own, startTime: '1' } });
    const [vm] = await listVms(vms);
    if (vm !== undefined) await reapVm(vm);
    // A signal takes a moment to show.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await isAlive(own)).toBe(true);
    expect(await readdir(vms)).toEqual([]);
  });

  it('removes folders that never became VMs, once their maker is gone', async () => {
    const vms = await temporaryFolder();
    await put(vms, { id: 'vm' });
    await makeVmFolder(vms, 'being-made');
    await mkdir(join(vms, 'nobody-knows'));
    await mkdir(join(vms, 'crashed'));
    await writeFile(join(vms, 'crashed/.owner.json'), JSON.stringify(GONE));
    await mkdir(join(vms, 'elsewhere'));
    await writeFile(join(vms, 'elsewhere/.owner.json'), JSON.stringify({ ...GONE, machine: 'another' }));
    expect(await reapFolders(vms, free)).toEqual(['crashed']);
    expect((await readdir(vms)).sort()).toEqual(['being-made', 'elsewhere', 'nobody-knows', 'vm']);
    expect(await reapFolders(join(vms, 'missing'), free)).toEqual([]);
  });

  it('leaves a VM whose record cannot be read, and names it', async () => {
    const vms = await temporaryFolder();
    for (const [name, text] of [
      ['half', '{"schema": 1, "id'],
      ['newer', JSON.stringify({ ...RECORD, provider: 'another' })],
    ] as const) {
      await mkdir(join(vms, name));
      await writeFile(join(vms, name, '.owner.json'), JSON.stringify(GONE));
      await writeFile(join(vms, name, 'vm.json'), text);
    }
    await put(vms, { id: 'vm' });
    await writeFile(join(vms, 'stray'), '');
    expect(await reapFolders(vms, free)).toEqual([]);
    expect([...(await unreadableVms(vms))].sort()).toEqual(['half', 'newer']);
    expect(await readdir(vms)).toHaveLength(4);
  });
});
