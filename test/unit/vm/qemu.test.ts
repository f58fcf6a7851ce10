/** The provider with a fake QEMU: what it says when QEMU does not start. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { currentOwner, isAlive, ownerOf } from '../../../src/process/owner.js';
import { run } from '../../../src/process/run.js';
import { sshTarget } from '../../../src/vm/keys.js';
import { adopted, qemu } from '../../../src/vm/qemu/qemu.js';
import type { VmSpec } from '../../../src/vm/provider.js';
import { fakeProgram, onlyPath } from '../../rig/fake-programs.js';
import { spawnSleep } from '../../rig/sleeper.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { SPEC } from './spec.js';

async function spec(): Promise<VmSpec> {
  const root = await temporaryFolder();
  const folder = join(root, 'vm');
  await mkdir(folder);
  const disk = join(root, 'box.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '16M']);
  return { ...SPEC, folder, box: { ...SPEC.box, disk } };
}

const start = (vm: VmSpec, signal = new AbortController().signal) => qemu.start(vm, signal);

describe('QEMU that does not start', () => {
  it('is told with its own last words', async () => {
    const vm = await spec();
    const program = await fakeProgram(
      'qemu-system-x86_64',
      'echo "qemu-system-x86_64: unable to find CPU model \'nonsense\'" >&2; exit 1',
    );
    const error = await failure(start({ ...vm, cpuModel: 'nonsense' }));
    expect(error).toMatchObject({
      kind: 'vm',
      code: 'vm.qemu-failed',
      message: 'QEMU ended at once: qemu-system-x86_64 exited with code 1.',
      details: ["qemu-system-x86_64: unable to find CPU model 'nonsense'"],
    });
    expect((await program.calls())[0]).toContain('nonsense');
  });

  it('because it was killed says by what', async () => {
    const vm = await spec();
    await fakeProgram('qemu-system-x86_64', 'kill -KILL $$');
    expect((await failure(start(vm))).message).toBe(
      'QEMU ended at once: qemu-system-x86_64 was killed by SIGKILL.',
    );
  });

  it('because somebody interrupted leaves no process', async () => {
    const vm = await spec();
    await fakeProgram('qemu-system-x86_64', 'echo $$ >pid; exec sleep 60');
    const abort = new AbortController();
    const starting = failure(start(vm, abort.signal));
    let pid = 0;
    onTestFinished(async () => {
      if ((await ownerOf(pid)) !== undefined) process.kill(pid, 'SIGKILL');
    });
    while (pid === 0) {
      pid = Number(await readFile(join(vm.folder, 'pid'), 'utf8').catch(() => '0'));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    abort.abort();
    expect(await starting).toMatchObject({ kind: 'interrupted' });
    expect(await ownerOf(pid)).toBeUndefined();
  });
});

it('the VM’s folder gets an overlay, keys and the network; a VM that was halted keeps its own', async () => {
  const vm = await spec();
  await fakeProgram('qemu-system-x86_64', 'exit 1');
  await failure(start(vm));
  expect((await readdir(vm.folder)).sort()).toEqual([
    'id_ed25519',
    'id_ed25519.pub',
    'known_hosts',
    'network',
    'overlay.qcow2',
    'qemu.log',
    'ssh_host_ed25519_key',
    'ssh_host_ed25519_key.pub',
  ]);
  const { stdout } = await run('qemu-img', ['info', '--output=json', join(vm.folder, 'overlay.qcow2')]);
  expect(JSON.parse(stdout)).toMatchObject({ 'backing-filename': vm.box.disk, 'virtual-size': 16 * 2 ** 20 });
  const key = await readFile(join(vm.folder, 'id_ed25519'), 'utf8');
  await failure(start(vm));
  expect(await readFile(join(vm.folder, 'id_ed25519'), 'utf8')).toBe(key);
});

it('the host supports it when its programs are there', async () => {
  onlyPath('/usr/bin');
  const support = await qemu.supported({
    connection: undefined,
    memoryBytes: 1,
    diskBytes: 0,
    availableMemory: 1,
    signal: new AbortController().signal,
  });
  expect(support.supported ? '' : support.reason).toBe('');
});

describe('a VM that was kept', () => {
  it('is ended in order, and then says so', async () => {
    const sleeper = await spawnSleep('qemu-like');
    const owner = await ownerOf(sleeper.pid);
    if (owner === undefined) throw new Error('it does not run');
    const vm = adopted('x', '/vms/x', owner, 40022);
    expect(vm.exit).toBeUndefined();
    expect(await vm.stop()).toBe(true);
    expect(await isAlive(owner)).toBe(false);
    expect(vm.exit?.reason).toBe('qemu-system-x86_64 ended');
    expect((await vm.exited).reason).toBe('qemu-system-x86_64 ended');
  });

  it('that is gone already is not signalled: its pid may be another’s', async () => {
    const self = await currentOwner();
    const vm = adopted('x', '/vms/x', { ...self, startTime: '1' }, 1);
    // Nor is it known how it ended.
    expect(await vm.stop()).toBe(false);
    await vm.kill();
    expect((await vm.exited).reason).toBe('qemu-system-x86_64 ended');
  });
});

it('ssh reaches it by names that are relative to its folder', () => {
  expect(sshTarget('/vms/x', 40022)).toEqual({
    host: '127.0.0.1',
    port: 40022,
    user: 'root',
    folder: '/vms/x',
    keyFile: 'id_ed25519',
    knownHosts: 'known_hosts',
    socket: 'ssh.sock',
  });
});
