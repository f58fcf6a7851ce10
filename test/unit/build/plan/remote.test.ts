/** What a plan has of another host: whether there is memory to build in, and how many CPUs. */
import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ofSystem } from '../../../../src/build/plan/provider.js';
import { vmsFolder } from '../../../../src/paths.js';
import { provenAccelerator, type Accelerator } from '../../../../src/vm/accelerator.js';
import { cpusOf } from '../../../../src/vm/libvirt/host.js';
import { makeVmFolder, writeVmRecord } from '../../../../src/vm/registry.js';
import { fakeVirsh, libvirtHost } from '../../../rig/fake-virsh.js';
import { failure } from '../../source/repository.js';
import { RECORD } from '../../vm/spec.js';
import { CONFIG, plan, testProject } from './project.js';

const URI = 'qemu+ssh://big.example/system';

const SYSTEM = 'qemu:///system';

const project = (uri: string, options = '') =>
  testProject({
    'builder/builder.yaml': CONFIG.replace('cpus: 2', `libvirt: ['${uri}']`).replace(
      '[noram]',
      `[${options}]`,
    ),
  });

describe('a build on another host', () => {
  it.each([
    // Memory here and there, MiB; what it makes of `ram`, and of memory, GiB.
    ['', 65536, 2047, false, 1, ''],
    ['', 0, 2048, true, 2, ''],
    ['noram', 0, 65536, false, 1, ''],
    ['ram', 65536, 2047, true, 2, 'the host has 2G free'],
  ])('options %j, %i MiB here, %i there', async (options, here, there, ram, memory, warning) => {
    const { context } = await project(URI, options);
    const virsh = await fakeVirsh({ [URI]: libvirtHost({ memory: there, cpus: 48 }) });
    const facts = { availableMemory: here * 2 ** 20, cpus: 3 };
    const made = await plan(context, { provider: 'libvirt' }, facts);
    expect(made.vm).toMatchObject({ connection: URI, cpus: 48, memoryBytes: memory * 2 ** 30 });
    expect([made.options.ram, made.ramKib]).toEqual([ram, ram ? 2 ** 20 : undefined]);
    expect(made.warnings.join()).toContain(warning);
    // One login.
    expect(await virsh.calls()).toHaveLength(1);
  });

  it('has the CPUs that it is told', async () => {
    const { context } = await project(URI);
    await fakeVirsh({ [URI]: libvirtHost({ cpus: 48 }) });
    const made = await plan(context, { provider: 'libvirt', flags: { cpus: '2' } });
    expect(made.vm.cpus).toBe(2);
  });

  it('is none on a host that does not say how many it has', async () => {
    const { context } = await project(URI);
    await fakeVirsh({ [URI]: { ...libvirtHost(), nodeinfo: '' } });
    expect(await failure(plan(context, { provider: 'libvirt' }))).toMatchObject({
      code: 'libvirt.no-answer',
    });
  });

  it('is in memory in a VM that is kept and has it', async () => {
    const { root, context } = await project(URI);
    const vms = vmsFolder(context.home);
    await mkdir(vms, { recursive: true });
    const kept = { checkout: root, kept: true, provider: 'libvirt', connection: URI } as const;
    await writeVmRecord(await makeVmFolder(vms, RECORD.id), { ...RECORD, ...kept, cpus: 7 });
    await fakeVirsh({ [URI]: libvirtHost({ memory: 65536 }) });
    // It is too small.
    expect(await plan(context)).toMatchObject({ options: { ram: false }, vm: { cpus: 7 } });
  });
});

it("this host's own libvirt is this host", async () => {
  const { context } = await project('qemu:///session');
  await fakeVirsh({});
  const facts = { availableMemory: 2 * 2 ** 30, cpus: 3 };
  const made = await plan(context, { provider: 'libvirt' }, facts);
  expect(made).toMatchObject({ options: { ram: true }, vm: { cpus: 3 } });
});

describe("the system's libvirt on this host", () => {
  const TCG: Accelerator = { name: 'tcg', reason: 'this user may not open /dev/kvm' };
  const KVM: Accelerator = { name: 'kvm', reason: 'hardware virtualisation is there' };

  it.each<[string, Accelerator, Accelerator | undefined, Accelerator]>([
    ['has KVM that this person has not', TCG, KVM, KVM],
    ['has no KVM that this person has', KVM, TCG, TCG],
    ['does not answer', KVM, undefined, KVM],
    ['offers what was tried and does not work', provenAccelerator('no'), KVM, provenAccelerator('no')],
  ])('%s', (_, local, asked, expected) => {
    expect(ofSystem(local, asked)).toEqual(expected);
  });

  it('is asked for its KVM, and for nothing else', async () => {
    const { context } = await project(SYSTEM);
    await fakeVirsh({ [SYSTEM]: libvirtHost({ cpus: 48 }) });
    const accelerator = { name: 'kvm', reason: 'of this person' } as const;
    const made = await plan(context, { provider: 'libvirt' }, { cpus: 3, accelerator });
    expect(made.vm.cpus).toBe(3);
    expect(made.vm.acceleratorReason).toContain(`on ${SYSTEM}`);
  });
});

it('CPUs are read from what virsh says', () => {
  expect(cpusOf('CPU model:           x86_64\nCPU(s):              12\nCPU socket(s):       1\n')).toBe(12);
  expect(cpusOf('')).toBeUndefined();
});
