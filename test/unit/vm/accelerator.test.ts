import { describe, expect, it } from 'vitest';
import { chooseAccelerator, detectAccelerator } from '../../../src/vm/accelerator.js';

const INTEL = 'fpu vme de pse vmx smx est';
const AMD = 'fpu vme svm';
const NONE = 'fpu vme de hypervisor svm_lock xvmx';

describe('chooseAccelerator', () => {
  it.each([
    [INTEL, 'usable', undefined, 'kvm', 'hardware virtualisation works'],
    [AMD, 'usable', undefined, 'kvm', 'hardware virtualisation works'],
    [NONE, 'usable', undefined, 'tcg', 'this CPU offers no hardware virtualisation (no vmx or svm flag)'],
    ['', 'missing', undefined, 'tcg', 'this CPU offers no hardware virtualisation (no vmx or svm flag)'],
    [INTEL, 'missing', undefined, 'tcg', '/dev/kvm does not exist'],
    [INTEL, 'forbidden', undefined, 'tcg', 'this user may not open /dev/kvm'],
    [INTEL, 'usable', 'tcg', 'tcg', 'MAYFLY_ACCELERATOR says so'],
    [NONE, 'missing', 'kvm', 'kvm', 'MAYFLY_ACCELERATOR says so'],
    [INTEL, 'usable', '', 'kvm', 'hardware virtualisation works'],
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
