/** KVM where it really works, emulation otherwise, and why. */
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { hasCode, MayflyError } from '../errors.js';

export interface Accelerator {
  readonly name: 'kvm' | 'tcg';
  /** For people: why this one. */
  readonly reason: string;
  /** What would make KVM work, when it does not. */
  readonly hint?: string;
}

/**
 * Pure: decides from what was found.
 * @param cpuFlags the `flags` line of /proc/cpuinfo
 * @param device what opening /dev/kvm for reading and writing gave
 */
export function chooseAccelerator(
  cpuFlags: string,
  device: 'usable' | 'missing' | 'forbidden',
  wanted: string | undefined,
): Accelerator {
  if (wanted === 'tcg' || wanted === 'kvm') return { name: wanted, reason: 'MAYFLY_ACCELERATOR says so' };
  if (wanted !== undefined && wanted !== '') {
    throw new MayflyError('usage', 'environment.accelerator', `MAYFLY_ACCELERATOR is ${wanted}.`, {
      hint: 'It takes kvm or tcg; unset it to let mayfly choose.',
    });
  }
  // A para-virtual KVM answers ioctls without the flag, and its guests then hang.
  const flagged = /(?:^|\s)(?:vmx|svm)(?:\s|$)/.test(cpuFlags);
  if (!flagged) {
    return {
      name: 'tcg',
      reason: 'this CPU offers no hardware virtualisation (no vmx or svm flag)',
      hint: 'Enable virtualisation in the firmware or, in a VM, nested virtualisation on its host.',
    };
  }
  switch (device) {
    case 'usable':
      return { name: 'kvm', reason: 'hardware virtualisation works' };
    case 'missing':
      return {
        name: 'tcg',
        reason: '/dev/kvm does not exist',
        hint: 'Load the module: sudo modprobe kvm_intel (or kvm_amd).',
      };
    case 'forbidden':
      return {
        name: 'tcg',
        reason: 'this user may not open /dev/kvm',
        hint: 'Join the group kvm: sudo adduser "$USER" kvm, then log in again.',
      };
  }
}

export async function detectAccelerator(env: NodeJS.ProcessEnv = process.env): Promise<Accelerator> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8');
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  return chooseAccelerator(flags, await kvmDevice(), env['MAYFLY_ACCELERATOR']);
}

async function kvmDevice(): Promise<'usable' | 'missing' | 'forbidden'> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return 'usable';
  } catch (error) {
    return hasCode(error, 'ENOENT') ? 'missing' : 'forbidden';
  }
}
