import { describe, expect, it } from 'vitest';
import { chooseAccelerator, detectAccelerator, provenAccelerator } from '../../../src/vm/accelerator.js';
import { probe } from '../../../src/vm/qemu/probe.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';

const INTEL = 'fpu vme de pse vmx smx est';
const AMD = 'fpu vme svm';
const NONE = 'fpu vme de hypervisor svm_lock xvmx';

describe('chooseAccelerator', () => {
  it.each([
    [INTEL, 'usable', undefined, 'kvm', 'hardware virtualisation is there'],
    [AMD, 'usable', undefined, 'kvm', 'hardware virtualisation is there'],
    [NONE, 'usable', undefined, 'tcg', 'this CPU offers no hardware virtualisation (no vmx or svm flag)'],
    ['', 'missing', undefined, 'tcg', 'this CPU offers no hardware virtualisation (no vmx or svm flag)'],
    [INTEL, 'missing', undefined, 'tcg', '/dev/kvm does not exist'],
    [INTEL, 'forbidden', undefined, 'tcg', 'this user may not open /dev/kvm'],
    [INTEL, 'usable', 'tcg', 'tcg', 'MAYFLY_ACCELERATOR says so'],
    [NONE, 'missing', 'kvm', 'kvm', 'MAYFLY_ACCELERATOR says so'],
    [INTEL, 'usable', '', 'kvm', 'hardware virtualisation is there'],
  ] as const)('%j, device %s, wanted %s: %s', (flags, device, wanted, name, reason) => {
    const chosen = chooseAccelerator(flags, device, wanted);
    expect(chosen).toMatchObject({ name, reason });
    expect(chosen.hint === undefined).toBe(name === 'kvm' || wanted !== undefined);
  });
});

it('detectAccelerator does what the person says', async () => {
  expect((await detectAccelerator({ MAYFLY_ACCELERATOR: 'tcg' })).name).toBe('tcg');
  expect(['kvm', 'tcg']).toContain((await detectAccelerator({})).name);
});

describe('KVM that is offered', () => {
  it('is used when a test guest came up, and is not when it did not', () => {
    expect(provenAccelerator(undefined)).toMatchObject({ name: 'kvm' });
    expect(provenAccelerator('a test guest did not come up within 4 s')).toMatchObject({
      name: 'tcg',
      reason: 'KVM is offered but does not work: a test guest did not come up within 4 s',
    });
  });

  it('is tried with a guest that does come up: under emulation, here and everywhere', async () => {
    expect(await probe('tcg', await temporaryFolder())).toBeUndefined();
  });

  it('is not believed when QEMU ends, hangs, or says another thing', async () => {
    await fakeProgram('qemu-system-x86_64', 'echo "failed to set MSR" >&2; exit 1');
    expect(await probe('kvm', await temporaryFolder())).toContain('failed to set MSR');
    await fakeProgram('qemu-system-x86_64', 'exit 0');
    expect(await probe('kvm', await temporaryFolder())).toContain('did not come up');
    await fakeProgram('qemu-system-x86_64', 'exec sleep 60');
    expect(await probe('kvm', await temporaryFolder())).toContain('within 4 s');
  });
});
