/** What a host has for VMs, by what its libvirt says of it. */
import { MayflyError } from '../../errors.js';
import { chooseAccelerator, type Accelerator } from '../accelerator.js';
import { virsh } from './connection.js';
import { freeMemory } from './support.js';

export interface LibvirtHost {
  readonly accelerator: Accelerator;
  readonly cpus: number;
  /** Bytes that can be given without swapping. */
  readonly availableMemory: number;
}

/**
 * By one login.
 * @param wanted MAYFLY_ACCELERATOR
 * @param ownFlags of the CPU, where it is this host
 */
export async function askHost(
  uri: string,
  wanted: string | undefined,
  signal: AbortSignal,
  ownFlags?: string,
): Promise<LibvirtHost> {
  const { stdout } = await virsh(uri, ['capabilities; nodeinfo; nodememstats'], { signal });
  const { flags, device } = capabilitiesOf(stdout);
  const found = chooseAccelerator(ownFlags ?? flags, device, wanted);
  const cpus = cpusOf(stdout);
  if (cpus === undefined) {
    throw new MayflyError('vm', 'libvirt.no-answer', `libvirt at ${uri} did not say how many CPUs it has.`, {
      hint: `Try it by hand: virsh -c '${uri}' nodeinfo`,
    });
  }
  const accelerator = { ...found, reason: `${found.reason}, on ${uri}` };
  return { accelerator, cpus, availableMemory: freeMemory(stdout) };
}

/** From what `virsh nodeinfo` says. Pure. */
export function cpusOf(info: string): number | undefined {
  const cpus = /^CPU\(s\):\s*(\d+)/m.exec(info)?.[1];
  return cpus === undefined ? undefined : Number(cpus);
}

/** libvirt's models that have svm (libvirt's cpu_map/x86_*.xml); none has vmx. A model is chosen that has no more than the CPU. */
const WITH_SVM = /^(?:EPYC|Dhyana|Opteron_G[2-5]$|phenom$)/;

/** What chooseAccelerator wants to know, from the XML of `virsh capabilities`. Pure. */
export function capabilitiesOf(xml: string): {
  readonly flags: string;
  readonly device: 'usable' | 'missing';
} {
  const host = /<host>[\s\S]*?<\/host>/.exec(xml)?.[0] ?? '';
  // Features that the model implies are not listed.
  const model = /<model>([^<]*)<\/model>/.exec(host)?.[1] ?? '';
  const has = (name: string): boolean => host.includes(`<feature name='${name}'/>`);
  const flags = [...(has('vmx') ? ['vmx'] : []), ...(has('svm') || WITH_SVM.test(model) ? ['svm'] : [])].join(
    ' ',
  );
  return { flags, device: xml.includes("<domain type='kvm'") ? 'usable' : 'missing' };
}
