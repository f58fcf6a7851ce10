/** KVM on another host, by what its libvirt says of it. */
import { chooseAccelerator, type Accelerator } from '../accelerator.js';
import { virsh } from './connection.js';

export async function remoteAccelerator(
  uri: string,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<Accelerator> {
  const { stdout } = await virsh(uri, ['capabilities'], { signal });
  const { flags, device } = capabilitiesOf(stdout);
  const found = chooseAccelerator(flags, device, wanted);
  return { ...found, reason: `${found.reason}, on ${uri}` };
}

/** What chooseAccelerator wants to know, from the XML of `virsh capabilities`. Pure. */
export function capabilitiesOf(xml: string): {
  readonly flags: string;
  readonly device: 'usable' | 'missing';
} {
  const host = /<host>[\s\S]*?<\/host>/.exec(xml)?.[0] ?? '';
  // Features that the model implies are not listed; those that matter here are in no model of libvirt's.
  const flags = ['vmx', 'svm'].filter((name) => host.includes(`<feature name='${name}'/>`)).join(' ');
  return { flags, device: xml.includes("<domain type='kvm'") ? 'usable' : 'missing' };
}
