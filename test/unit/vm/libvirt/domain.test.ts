/** Domain XML and virsh's vectors, as tables. */
import { describe, expect, it } from 'vitest';
import { parseConnection, virshArguments } from '../../../../src/vm/libvirt/connection.js';
import { domainXml } from '../../../../src/vm/libvirt/domain.js';
import { handoverArguments } from '../../../../src/vm/libvirt/handover.js';
import { endOf } from '../../../../src/vm/libvirt/watch.js';
import { element, textElement } from '../../../../src/vm/libvirt/xml.js';
import { SPEC } from '../spec.js';

const HERE = {
  root: '/state/vms/1a2b3c4d/overlay.qcow2',
  handover: '/state/vms/1a2b3c4d/handover.raw',
  kernel: { kernel: '/boxes/f/vmlinuz', initrd: '/boxes/f/initrd.img' },
  console: '/state/vms/1a2b3c4d/console.log',
};
const POOL = {
  root: '/images/mayfly-vm-1a2b3c4d.qcow2',
  handover: '/images/mayfly-vm-1a2b3c4d-handover.raw',
  kernel: undefined,
  console: '/images/mayfly-vm-1a2b3c4d-console.raw',
};

describe('the domain', () => {
  it('of a VM whose files QEMU reads as they are', () => {
    expect(domainXml({ ...SPEC, accelerator: 'tcg', network: 'restricted' }, HERE)).toMatchInlineSnapshot(`
      "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
        <name>mayfly-1a2b3c4d</name>
        <memory unit='KiB'>1572864</memory>
        <vcpu>4</vcpu>
        <os>
          <type arch='x86_64' machine='q35'>hvm</type>
          <kernel>/boxes/f/vmlinuz</kernel>
          <initrd>/boxes/f/initrd.img</initrd>
          <cmdline>root=LABEL=mayfly console=ttyS0 net.ifnames=0 quiet panic=-1 systemd.show_status=0 mitigations=off lsm=landlock,yama</cmdline>
        </os>
        <features>
          <acpi/>
          <apic/>
        </features>
        <cpu mode='maximum'>
          <feature policy='disable' name='erms'/>
          <feature policy='disable' name='fsrm'/>
        </cpu>
        <clock offset='utc'/>
        <on_poweroff>destroy</on_poweroff>
        <on_reboot>destroy</on_reboot>
        <on_crash>destroy</on_crash>
        <devices>
          <disk type='file' device='disk'>
            <driver name='qemu' type='qcow2' cache='unsafe' discard='unmap'/>
            <source file='/state/vms/1a2b3c4d/overlay.qcow2'/>
            <target dev='vda' bus='virtio'/>
            <serial>mayfly-root</serial>
          </disk>
          <disk type='file' device='disk'>
            <driver name='qemu' type='qcow2' cache='unsafe' discard='unmap'/>
            <source file='/data/caches/example-packages/run-1a2b3c4d.qcow2'/>
            <target dev='vdb' bus='virtio'/>
            <serial>mayfly-packages</serial>
          </disk>
          <disk type='file' device='disk'>
            <driver name='qemu' type='raw' cache='none' discard='unmap'/>
            <source file='/state/vms/1a2b3c4d/artifacts.raw'/>
            <target dev='vdc' bus='virtio'/>
            <serial>mayfly-artifacts</serial>
          </disk>
          <disk type='file' device='disk'>
            <driver name='qemu' type='raw' cache='unsafe' discard='unmap'/>
            <source file='/state/vms/1a2b3c4d/handover.raw'/>
            <target dev='vdd' bus='virtio'/>
            <serial>mayfly-handover</serial>
          </disk>
          <filesystem type='mount' accessmode='passthrough' multidevs='remap'>
            <source dir='/state/vms/1a2b3c4d/source'/>
            <target dir='source'/>
            <readonly/>
          </filesystem>
          <filesystem type='mount' accessmode='passthrough' multidevs='remap'>
            <source dir='/state/vms/1a2b3c4d/builder'/>
            <target dir='builder'/>
            <readonly/>
          </filesystem>
          <serial type='file'>
            <source path='/state/vms/1a2b3c4d/console.log' append='on'/>
          </serial>
          <rng model='virtio'>
            <backend model='random'>/dev/urandom</backend>
          </rng>
          <controller type='usb' model='none'/>
          <memballoon model='none'/>
          <video>
            <model type='none'/>
          </video>
        </devices>
        <qemu:commandline>
          <qemu:arg value='-netdev'/>
          <qemu:arg value='user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22'/>
          <qemu:arg value='-device'/>
          <qemu:arg value='virtio-net-pci,netdev=net,romfile=,addr=0x10'/>
        </qemu:commandline>
      </domain>"
    `);
  });

  it('of a VM whose disks are in a pool', () => {
    const spec = { ...SPEC, shares: [], cpuModel: 'Haswell', machineType: 'pc' };
    expect(domainXml(spec, POOL)).toMatchInlineSnapshot(`
      "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
        <name>mayfly-1a2b3c4d</name>
        <memory unit='KiB'>1572864</memory>
        <vcpu>4</vcpu>
        <os>
          <type arch='x86_64' machine='pc'>hvm</type>
          <boot dev='hd'/>
        </os>
        <features>
          <acpi/>
          <apic/>
        </features>
        <cpu mode='custom' check='none'>
          <model fallback='forbid'>Haswell</model>
        </cpu>
        <clock offset='utc'/>
        <on_poweroff>destroy</on_poweroff>
        <on_reboot>destroy</on_reboot>
        <on_crash>destroy</on_crash>
        <devices>
          <disk type='file' device='disk'>
            <driver name='qemu' type='qcow2' cache='unsafe' discard='unmap'/>
            <source file='/images/mayfly-vm-1a2b3c4d.qcow2'/>
            <target dev='vda' bus='virtio'/>
            <serial>mayfly-root</serial>
          </disk>
          <disk type='file' device='disk'>
            <driver name='qemu' type='qcow2' cache='unsafe' discard='unmap'/>
            <source file='/data/caches/example-packages/run-1a2b3c4d.qcow2'/>
            <target dev='vdb' bus='virtio'/>
            <serial>mayfly-packages</serial>
          </disk>
          <disk type='file' device='disk'>
            <driver name='qemu' type='raw' cache='none' discard='unmap'/>
            <source file='/state/vms/1a2b3c4d/artifacts.raw'/>
            <target dev='vdc' bus='virtio'/>
            <serial>mayfly-artifacts</serial>
          </disk>
          <disk type='file' device='disk'>
            <driver name='qemu' type='raw' cache='unsafe' discard='unmap'/>
            <source file='/images/mayfly-vm-1a2b3c4d-handover.raw'/>
            <target dev='vdd' bus='virtio'/>
            <serial>mayfly-handover</serial>
          </disk>
          <serial type='file'>
            <source path='/images/mayfly-vm-1a2b3c4d-console.raw' append='on'/>
          </serial>
          <rng model='virtio'>
            <backend model='random'>/dev/urandom</backend>
          </rng>
          <controller type='usb' model='none'/>
          <memballoon model='none'/>
          <video>
            <model type='none'/>
          </video>
        </devices>
        <qemu:commandline>
          <qemu:arg value='-netdev'/>
          <qemu:arg value='user,id=net,hostfwd=tcp:127.0.0.1:0-:22'/>
          <qemu:arg value='-device'/>
          <qemu:arg value='virtio-net-pci,netdev=net,romfile=,addr=0x10'/>
        </qemu:commandline>
      </domain>"
    `);
  });
});

describe('XML', () => {
  it.each([
    [element('a', {}), '<a/>'],
    [
      element('a', { b: 'it\'s <b> & "c"', c: undefined, d: 1 }),
      "<a b='it&apos;s &lt;b&gt; &amp; &quot;c&quot;' d='1'/>",
    ],
    [textElement('a', {}, '<b>'), '<a>&lt;b&gt;</a>'],
    [element('a', {}, element('b', {}, element('c', {}))), '<a>\n  <b>\n    <c/>\n  </b>\n</a>'],
  ])('%s', (made, expected) => {
    expect(made).toBe(expected);
  });
});

describe('connections', () => {
  it.each([
    ['qemu:///session', true, undefined],
    ['qemu:///system', false, undefined],
    [
      'qemu+ssh://ada@build.example:2222/system?keyfile=/k/id',
      false,
      'ssh -T -o BatchMode=yes -o LogLevel=ERROR -l ada -p 2222 -i /k/id -W 127.0.0.1:40022 -- build.example',
    ],
    [
      'qemu+ssh://build.example/system',
      false,
      'ssh -T -o BatchMode=yes -o LogLevel=ERROR -W 127.0.0.1:40022 -- build.example',
    ],
  ])('%s', (uri, isSession, through) => {
    const connection = parseConnection(uri);
    expect(connection.isSession).toBe(isSession);
    expect(connection.through?.(40022).join(' ')).toBe(through);
  });

  it('are named in every call of virsh', () => {
    expect(virshArguments('qemu:///session', ['list'])).toEqual([
      ...['--quiet', '--connect', 'qemu:///session', 'list'],
    ]);
  });
});

it('keys and settings become a tar with the names that the initrd knows', () => {
  expect(handoverArguments(['id_ed25519.pub', 'network'])).toEqual([
    ...['--create', '--format=ustar', '--owner=0', '--group=0', '--numeric-owner'],
    String.raw`--transform=s,^id_ed25519\.pub$,authorized_keys,`,
    '--transform=s,^network$,network,',
    ...['--file', 'handover.raw', '--', 'id_ed25519.pub', 'network'],
  ]);
});

describe('the end of a domain, by the events that virsh prints', () => {
  const event = (what: string): string => `event 'lifecycle' for domain 'mayfly-x': ${what}\n`;
  it.each([
    ['', undefined],
    [event('Started Booted'), undefined],
    [event('Shutdown Finished after host request'), undefined],
    [
      event('Shutdown Finished') + event('Stopped Shutdown'),
      { reason: 'libvirt says: stopped (shutdown)', hostDiskFull: false },
    ],
    [event('Stopped Failed'), { reason: 'libvirt says: stopped (failed)', hostDiskFull: false }],
    [
      event('Suspended I/O Error'),
      { reason: 'libvirt paused it: a disk could not grow', hostDiskFull: true },
    ],
  ])('%j', (lines, end) => {
    expect(endOf(lines)).toEqual(end);
  });
});
