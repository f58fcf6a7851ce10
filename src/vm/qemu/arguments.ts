/** QEMU's argument vector, as a pure function of the VM's specification. */
import { vmFiles } from '../../paths.js';
import type { ExtraDisk, Share, VmNetwork, VmSpec } from '../provider.js';

/** QEMU splits option values at commas; a doubled comma is a comma. */
export function escapeCommas(value: string): string {
  return value.replaceAll(',', ',,');
}

/** QEMU's user network gives every guest these (docs: -netdev user). */
export const USER_NETWORK = { address: '10.0.2.15/24', gateway: '10.0.2.2', nameserver: '10.0.2.3' } as const;

/** QEMU's own network, with a port of the host's loopback that leads to the guest's SSH. */
export function networkDevice(network: VmNetwork, slot?: number): readonly string[] {
  const restrict = network === 'restricted' ? 'restrict=on,' : '';
  return [
    '-netdev',
    `user,id=net,${restrict}hostfwd=tcp:127.0.0.1:0-:22`,
    '-device',
    `virtio-net-pci,netdev=net,romfile=${slot === undefined ? '' : `,addr=0x${slot.toString(16)}`}`,
  ];
}

/**
 * The script that the guest's initrd reads: name=value lines. QEMU's name server never answers in a restricted
 * network; the guest's own loopback, where none listens, says no at once. apt-cacher-ng 3.7.4 (bookworm) asks for SRV
 * records of 127.0.0.1 too, and gives up when nobody answers.
 */
export function networkSettings(network: VmNetwork): string {
  const { address, gateway } = USER_NETWORK;
  const nameserver = network === 'restricted' ? '127.0.0.1' : USER_NETWORK.nameserver;
  return `address=${address}\ngateway=${gateway}\nnameserver=${nameserver}\n`;
}

export const KERNEL_COMMAND_LINE = [
  'root=LABEL=mayfly',
  'console=ttyS0',
  'net.ifnames=0',
  'quiet',
  'panic=-1',
  'systemd.show_status=0',
  // The VM runs one project's own code and dies with it.
  'mitigations=off',
  // No AppArmor and its like, for which we have no rules; under emulation systemd takes a second to hook into BPF's.
  'lsm=landlock,yama',
].join(' ');

/** QEMU runs in the VM's folder: file names of the VM itself are relative. */
export function qemuArguments(spec: VmSpec): readonly string[] {
  return [
    ...['-name', `mayfly-${spec.id}`],
    '-nodefaults',
    '-no-user-config',
    ...['-display', 'none'],
    ...['-machine', `${spec.machineType ?? 'q35'},usb=off,vmport=off,graphics=off`],
    ...acceleration(spec),
    ...['-smp', String(spec.cpus)],
    ...['-m', `${Math.ceil(spec.memoryBytes / 1024 / 1024)}M`],
    ...['-rtc', 'base=utc,clock=host'],
    '-no-reboot',
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-kernel', spec.box.kernel, '-initrd', spec.box.initrd, '-append', KERNEL_COMMAND_LINE],
    ...[
      '-chardev',
      `socket,id=qmp,path=${vmFiles.qmp},server=on,wait=off`,
      '-mon',
      'chardev=qmp,mode=control',
    ],
    // A second control socket, for who waits for events while others ask: each serves one at a time.
    ...[
      '-chardev',
      `socket,id=events,path=${vmFiles.events},server=on,wait=off`,
      '-mon',
      'chardev=events,mode=control',
    ],
    ...['-chardev', `file,id=console,path=${vmFiles.console},append=on`, '-serial', 'chardev:console'],
    ...['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng'],
    ...rootDisk(),
    ...spec.disks.flatMap(extraDisk),
    ...networkDevice(spec.network),
    ...spec.shares.flatMap(share),
    ...handedOver('ssh_host_key', vmFiles.hostKey),
    ...handedOver('authorized_keys', `${vmFiles.sshKey}.pub`),
    ...handedOver('network', vmFiles.network),
  ];
}

/**
 * Everything that QEMU can emulate, but for fast string operations: with them the kernel clears pages by `rep stosb`,
 * which QEMU 7.2 does byte by byte where code lay before. A live system boots in 33 s without them and in 56 s with them.
 */
export const EMULATED_CPU = 'max,-erms,-fsrm';

function acceleration(spec: VmSpec): readonly string[] {
  return spec.accelerator === 'kvm'
    ? ['-accel', 'kvm', '-cpu', spec.cpuModel ?? 'host']
    : ['-accel', 'tcg,thread=multi', '-cpu', spec.cpuModel ?? EMULATED_CPU];
}

/** The overlay is gone with the VM: flushing it to the host's disk would only cost time. */
function rootDisk(): readonly string[] {
  return [
    ...[
      '-drive',
      `file=${vmFiles.disk},format=qcow2,if=none,id=root,cache=unsafe,discard=unmap,detect-zeroes=unmap`,
    ],
    ...['-device', 'virtio-blk-pci,drive=root,serial=mayfly-root,bootindex=1'],
  ];
}

/**
 * Nothing is flushed to the host's disk: a cache disk is, once, when it is sealed. `cache=none`
 * writes past the host's page cache.
 */
function extraDisk(disk: ExtraDisk, index: number): readonly string[] {
  const id = `extra${index}`;
  return [
    ...[
      '-drive',
      `file=${escapeCommas(disk.path)},format=${disk.format},if=none,id=${id},cache=${disk.direct === true ? 'none' : 'unsafe'},discard=unmap`,
    ],
    ...['-device', `virtio-blk-pci,drive=${id},serial=${disk.serial}`],
  ];
}

/** The host's files as they are: the guest sees who owns them, and cannot write. */
function share(value: Share): readonly string[] {
  const options = `mount_tag=${value.tag},multidevs=remap,security_model=none,readonly=on`;
  return ['-virtfs', `local,path=${escapeCommas(value.path)},${options}`];
}

/** Keys and settings reach the initrd through fw_cfg: never on the guest's disk or in a process list. */
function handedOver(name: string, file: string): readonly string[] {
  return ['-fw_cfg', `name=opt/mayfly/${name},file=${file}`];
}
