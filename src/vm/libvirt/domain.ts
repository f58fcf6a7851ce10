/** A builder VM as libvirt's domain XML (libvirt.org/formatdomain.html), as a pure function of its specification. */
import { resolve } from 'node:path';
import type { ExtraDisk, VmSpec } from '../provider.js';
import { KERNEL_COMMAND_LINE, networkDevice } from '../qemu/arguments.js';
import { element, textElement } from './xml.js';

export const domainName = (id: string): string => `mayfly-${id}`;

/** The disk that the guest's initrd takes keys and settings from. */
export const HANDOVER_DISK = 'mayfly-handover';

/** Of the PCI bus: above those that libvirt gives out, which it begins with at 1. */
const NETWORK_SLOT = 0x10;

/** What differs between a VM whose files QEMU can read and one whose disks are volumes of a pool. */
export interface DomainFiles {
  /** Path of the root disk, qcow2. */
  readonly root: string;
  readonly handover: string;
  /** Boot these directly; undefined: the disk boots by itself. */
  readonly kernel: { readonly kernel: string; readonly initrd: string } | undefined;
  /** File that the serial console is written to. */
  readonly console: string;
}

export function domainXml(spec: VmSpec, files: DomainFiles): string {
  const disks: readonly ExtraDisk[] = [
    { serial: 'mayfly-root', path: files.root, format: 'qcow2' },
    ...spec.disks,
    { serial: HANDOVER_DISK, path: files.handover, format: 'raw' },
  ];
  return element(
    'domain',
    {
      type: spec.accelerator === 'kvm' ? 'kvm' : 'qemu',
      'xmlns:qemu': 'http://libvirt.org/schemas/domain/qemu/1.0',
    },
    textElement('name', {}, domainName(spec.id)),
    textElement('memory', { unit: 'KiB' }, Math.ceil(spec.memoryBytes / 1024)),
    textElement('vcpu', {}, spec.cpus),
    element('os', {}, ...operatingSystem(spec, files)),
    element('features', {}, element('acpi', {}), element('apic', {})),
    processor(spec),
    element('clock', { offset: 'utc' }),
    ...['on_poweroff', 'on_reboot', 'on_crash'].map((name) => textElement(name, {}, 'destroy')),
    element(
      'devices',
      {},
      ...disks.map((disk, index) => diskElement(spec, disk, index)),
      ...spec.shares.map(({ tag, path }) =>
        element(
          'filesystem',
          { type: 'mount', accessmode: 'passthrough', multidevs: 'remap' },
          element('source', { dir: resolve(spec.folder, path) }),
          element('target', { dir: tag }),
          element('readonly', {}),
        ),
      ),
      element('serial', { type: 'file' }, element('source', { path: files.console, append: 'on' })),
      element('rng', { model: 'virtio' }, textElement('backend', { model: 'random' }, '/dev/urandom')),
      element('controller', { type: 'usb', model: 'none' }),
      element('memballoon', { model: 'none' }),
      element('video', {}, element('model', { type: 'none' })),
    ),
    // libvirt's own user network forwards no port and does not restrict the guest.
    element(
      'qemu:commandline',
      {},
      ...networkDevice(spec.network, NETWORK_SLOT).map((value) => element('qemu:arg', { value })),
    ),
  );
}

function operatingSystem(spec: VmSpec, files: DomainFiles): readonly string[] {
  const type = textElement('type', { arch: 'x86_64', machine: spec.machineType ?? 'q35' }, 'hvm');
  if (files.kernel === undefined) return [type, element('boot', { dev: 'hd' })];
  return [
    type,
    textElement('kernel', {}, files.kernel.kernel),
    textElement('initrd', {}, files.kernel.initrd),
    textElement('cmdline', {}, KERNEL_COMMAND_LINE),
  ];
}

/** As qemu/arguments.ts has it: under emulation without fast string operations, which QEMU 7.2 does byte by byte. */
function processor({ accelerator, cpuModel }: VmSpec): string {
  if (cpuModel !== undefined) {
    return element(
      'cpu',
      { mode: 'custom', check: 'none' },
      textElement('model', { fallback: 'forbid' }, cpuModel),
    );
  }
  if (accelerator === 'kvm') return element('cpu', { mode: 'host-passthrough' });
  const without = (name: string): string => element('feature', { policy: 'disable', name });
  return element('cpu', { mode: 'maximum' }, without('erms'), without('fsrm'));
}

function diskElement(spec: VmSpec, disk: ExtraDisk, index: number): string {
  return element(
    'disk',
    { type: 'file', device: 'disk' },
    element('driver', {
      name: 'qemu',
      type: disk.format,
      cache: disk.direct === true ? 'none' : 'unsafe',
      discard: 'unmap',
    }),
    element('source', { file: resolve(spec.folder, disk.path) }),
    element('target', { dev: `vd${String.fromCharCode(97 + index)}`, bus: 'virtio' }),
    textElement('serial', {}, disk.serial),
  );
}
