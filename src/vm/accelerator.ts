/** KVM where it really works, emulation otherwise, and why. */
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { hasCode, MayflyError } from '../errors.js';
import { which } from '../process/run.js';
import { publicScratchParent } from '../process/scratch.js';
import { probe } from './qemu/probe.js';

export interface Accelerator {
  readonly name: 'kvm' | 'tcg';
  /** For people: why this one. */
  readonly reason: string;
  /** What would make KVM work, when it does not. */
  readonly hint?: string;
  /** KVM was tried, and a guest did not come up under it: nobody's does on this host. */
  readonly isDisproved?: true;
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
      return { name: 'kvm', reason: 'hardware virtualisation is there' };
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

/** What the host offers, and, of KVM, what a test guest made of it; asked once in a command. */
export async function detectAccelerator(env: NodeJS.ProcessEnv = process.env): Promise<Accelerator> {
  const wanted = env['MAYFLY_ACCELERATOR'];
  const chosen = chooseAccelerator(await cpuFlags(), await kvmDevice(), wanted);
  const isTold = wanted !== undefined && wanted !== '';
  if (chosen.name === 'tcg' || isTold || which('qemu-system-x86_64') === undefined) return chosen;
  tried ??= probe('kvm', publicScratchParent(env));
  return provenAccelerator(await tried);
}

/** The `flags` line of this host's CPU. */
export async function cpuFlags(): Promise<string> {
  return /^flags\s*:(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
}

let tried: Promise<string | undefined> | undefined;

/** Pure. @param problem why a test guest did not come up under KVM; undefined when it did */
export function provenAccelerator(problem: string | undefined): Accelerator {
  if (problem === undefined)
    return { name: 'kvm', reason: 'hardware virtualisation works: a test guest came up' };
  return {
    name: 'tcg',
    reason: `KVM is offered but does not work: ${problem}`,
    hint: 'In a VM, its host must offer nested virtualisation. MAYFLY_ACCELERATOR=kvm tries it all the same.',
    isDisproved: true,
  };
}

async function kvmDevice(): Promise<'usable' | 'missing' | 'forbidden'> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return 'usable';
  } catch (error) {
    return hasCode(error, 'ENOENT') ? 'missing' : 'forbidden';
  }
}
