/** Which provider a plan has: what was asked for, what the kept VM has, or the first that works. */
import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { candidates } from '../../../../src/build/plan/provider.js';
import { vmsFolder } from '../../../../src/paths.js';
import { makeVmFolder, writeVmRecord } from '../../../../src/vm/registry.js';
import { fakeProgram } from '../../../rig/fake-programs.js';
import { fakeVirsh, libvirtHost } from '../../../rig/fake-virsh.js';
import { failure } from '../../source/repository.js';
import { RECORD } from '../../vm/spec.js';
import { CONFIG, plan, testProject } from './project.js';

describe('candidates', () => {
  it.each([
    ['qemu', ['qemu -']],
    ['libvirt', ['libvirt a', 'libvirt b']],
    ['vagrant', ['vagrant qemu:///system']],
    ['auto', ['qemu -', 'libvirt a', 'libvirt b', 'vagrant qemu:///system']],
  ] as const)('%s', (choice, expected) => {
    const found = candidates(choice, ['a', 'b']);
    expect(found.map(({ name, connection }) => `${name} ${connection ?? '-'}`)).toEqual(expected);
  });
});

describe('a provider that does not work', () => {
  it('is refused with its reason, and with what mends it', async () => {
    const { context } = await testProject();
    await fakeProgram('virsh', 'echo "error: authentication unavailable: no polkit agent" >&2; exit 1');
    const error = await failure(plan(context, { provider: 'libvirt', tryProvider: true }));
    expect(error).toMatchObject({ kind: 'host', code: 'provider.unsupported' });
    expect(error).toMatchObject({
      details: ['libvirt: libvirt at qemu:///session: authentication unavailable: no polkit agent'],
      hint: "Try it by hand: virsh -c 'qemu:///session' version",
    });
  });

  it('is passed over by auto, with a warning', async () => {
    const { context } = await testProject();
    const asked = await fakeProgram('qemu-system-x86_64', 'echo "QEMU emulator version 0"');
    const free = { availableMemory: 2 ** 30 };
    const made = await plan(context, { provider: 'auto', tryProvider: true }, free);
    expect(made.vm).toMatchObject({ provider: 'qemu', connection: undefined });
    expect(made.warnings).toEqual([]);
    expect(await asked.calls()).toEqual([['--version']]);
  });
});

describe('room', () => {
  const [ONE, TWO] = ['qemu+ssh://one.example/system', 'qemu+ssh://two.example/system'];
  const asked = async (provider: 'auto' | 'libvirt' | 'qemu', local: number, one: object, flags = {}) => {
    const { context } = await testProject({
      'builder/builder.yaml': CONFIG.replace('cpus: 2', `libvirt: ['${ONE}', '${TWO}']`),
    });
    await fakeProgram('qemu-system-x86_64', 'echo "QEMU emulator version 0"');
    await fakeVirsh({ [ONE]: libvirtHost(one), [TWO]: libvirtHost() });
    const made = await plan(
      context,
      { provider, tryProvider: true, flags },
      { availableMemory: local * 2 ** 20 },
    );
    return [made.vm.connection ?? 'here', made.warnings.join('\n')];
  };
  const HERE = 'Not used: qemu: this host has 1023 MiB of memory free, and the VM wants 1024 MiB.';
  const MEMORY = `Not used: libvirt: ${ONE} has 1023 MiB of memory free, and the VM wants 1024 MiB.`;
  const SPACE = `Not used: libvirt: the pool "default" of ${ONE} has 512 MiB of space free, and the build may want 1.0 GiB.`;

  it.each([
    ['auto', 1024, { memory: 0 }, 'here', ''],
    ['auto', 1023, {}, ONE, HERE],
    ['auto', 1023, { memory: 1023 }, TWO, `${HERE}\n${MEMORY}`],
    ['auto', 1023, { pool: 0.5 }, TWO, `${HERE}\n${SPACE}`],
    ['libvirt', 0, { memory: 1024, pool: 1 }, ONE, ''],
    ['libvirt', 0, { memory: 1023 }, TWO, MEMORY],
    ['libvirt', 0, { pool: 0.5 }, TWO, SPACE],
    // Who names it, wants it.
    ['qemu', 0, {}, 'here', ''],
  ] as const)('%s, %i MiB here, %j there: %s', async (provider, local, one, where, warnings) => {
    expect(await asked(provider, local, one)).toEqual([where, warnings]);
  });

  it('is for a build in memory, where that is asked for', async () => {
    const ram = { ram: true };
    expect((await asked('libvirt', 0, { memory: 2047 }, ram))[0]).toBe(TWO);
    expect((await asked('libvirt', 0, { memory: 2048, pool: 0.5 }, ram))[0]).toBe(ONE);
  });
});

describe('a VM that is kept', () => {
  it('decides, unless another provider is asked for', async () => {
    const { root, context } = await testProject();
    const vms = vmsFolder(context.home);
    await mkdir(vms, { recursive: true });
    const folder = await makeVmFolder(vms, RECORD.id);
    const connection = 'qemu:///session';
    await writeVmRecord(folder, { ...RECORD, checkout: root, kept: true, provider: 'libvirt', connection });
    expect((await plan(context)).vm).toMatchObject({ provider: 'libvirt', connection });
    expect(await failure(plan(context, { provider: 'qemu' }))).toMatchObject({
      kind: 'refused',
      code: 'vm.other-provider',
    });
  });
});
