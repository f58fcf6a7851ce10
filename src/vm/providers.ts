/** The providers by name. No registry: one switch, which the compiler keeps complete. */
import type { ProviderName } from '../config/providers.js';
import { libvirt } from './libvirt/libvirt.js';
import type { Provider } from './provider.js';
import { qemu } from './qemu/qemu.js';
import { vagrant } from './vagrant/vagrant.js';

export function providerOf(name: ProviderName): Provider {
  switch (name) {
    case 'qemu':
      return qemu;
    case 'libvirt':
      return libvirt;
    case 'vagrant':
      return vagrant;
  }
}
