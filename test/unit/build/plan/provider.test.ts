/** Which provider a plan has: what was asked for, what the kept VM has, or the first that works. */
import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { candidates } from '../../../../src/build/plan/provider.js';
import { vmsFolder } from '../../../../src/paths.js';
import { makeVmFolder, writeVmRecord } from '../../../../src/vm/registry.js';
import { fakeProgram } from '../../../rig/fake-programs.js';
import { failure } from '../../source/repository.js';
import { RECORD } from '../../vm/spec.js';
import { plan, testProject } from './project.js';

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
    const made = await plan(context, { provider: 'auto', tryProvider: true });
    expect(made.vm).toMatchObject({ provider: 'qemu', connection: undefined });
    expect(made.warnings).toEqual([]);
    expect(await asked.calls()).toEqual([['--version']]);
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
