/** QEMU's argument vectors. */
import { describe, expect, it } from 'vitest';
import { escapeCommas, networkSettings, qemuArguments } from '../../../src/vm/qemu/arguments.js';
import { bootArguments, type BootSpec } from '../../../src/vm/qemu/boot.js';
import type { VmSpec } from '../../../src/vm/provider.js';
import { SPEC } from './spec.js';

/** One option with its values on each line. */
function lines(words: readonly string[]): string {
  return words.join(' ').replaceAll(/ (?=-[a-z])/g, '\n');
}

/** What a change of the specification takes away and adds. */
function difference(change: Partial<VmSpec>): { gone: readonly string[]; new: readonly string[] } {
  const [before, after] = [SPEC, { ...SPEC, ...change }].map((spec) =>
    lines(qemuArguments(spec)).split('\n'),
  );
  return {
    gone: before?.filter((line) => after?.includes(line) !== true) ?? [],
    new: after?.filter((line) => before?.includes(line) !== true) ?? [],
  };
}

describe('a builder VM', () => {
  it('is started with', () => {
    expect(lines(qemuArguments(SPEC))).toMatchInlineSnapshot(`
      "-name mayfly-1a2b3c4d
      -nodefaults
      -no-user-config
      -display none
      -machine q35,usb=off,vmport=off,graphics=off
      -accel kvm
      -cpu host
      -smp 4
      -m 1536M
      -rtc base=utc,clock=host
      -no-reboot
      -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
      -kernel /boxes/f/vmlinuz
      -initrd /boxes/f/initrd.img
      -append root=LABEL=mayfly console=ttyS0 net.ifnames=0 quiet panic=-1 systemd.show_status=0 mitigations=off lsm=landlock,yama
      -chardev socket,id=qmp,path=qmp.sock,server=on,wait=off
      -mon chardev=qmp,mode=control
      -chardev socket,id=events,path=events.sock,server=on,wait=off
      -mon chardev=events,mode=control
      -chardev file,id=console,path=console.log,append=on
      -serial chardev:console
      -object rng-random,id=rng,filename=/dev/urandom
      -device virtio-rng-pci,rng=rng
      -drive file=overlay.qcow2,format=qcow2,if=none,id=root,cache=unsafe,discard=unmap,detect-zeroes=unmap
      -device virtio-blk-pci,drive=root,serial=mayfly-root,bootindex=1
      -drive file=/data/caches/example-packages/run-1a2b3c4d.qcow2,format=qcow2,if=none,id=extra0,cache=unsafe,discard=unmap
      -device virtio-blk-pci,drive=extra0,serial=mayfly-packages
      -drive file=artifacts.raw,format=raw,if=none,id=extra1,cache=none,discard=unmap
      -device virtio-blk-pci,drive=extra1,serial=mayfly-artifacts
      -netdev user,id=net,hostfwd=tcp:127.0.0.1:0-:22
      -device virtio-net-pci,netdev=net,romfile=
      -virtfs local,path=/state/vms/1a2b3c4d/source,mount_tag=source,multidevs=remap,security_model=none,readonly=on
      -virtfs local,path=/state/vms/1a2b3c4d/builder,mount_tag=builder,multidevs=remap,security_model=none,readonly=on
      -fw_cfg name=opt/mayfly/ssh_host_key,file=ssh_host_ed25519_key
      -fw_cfg name=opt/mayfly/authorized_keys,file=id_ed25519.pub
      -fw_cfg name=opt/mayfly/network,file=network"
    `);
  });

  it.each<[string, Partial<VmSpec>, readonly string[], readonly string[]]>([
    [
      'under emulation',
      { accelerator: 'tcg' },
      ['-accel kvm', '-cpu host'],
      ['-accel tcg,thread=multi', '-cpu max,-erms,-fsrm'],
    ],
    ['with another CPU', { cpuModel: 'Nehalem' }, ['-cpu host'], ['-cpu Nehalem']],
    [
      'with another machine',
      { machineType: 'pc-i440fx-7.2' },
      ['-machine q35,usb=off,vmport=off,graphics=off'],
      ['-machine pc-i440fx-7.2,usb=off,vmport=off,graphics=off'],
    ],
    ['with one CPU', { cpus: 1 }, ['-smp 4'], ['-smp 1']],
    ['with memory that is no whole MiB', { memoryBytes: 2 ** 30 + 1 }, ['-m 1536M'], ['-m 1025M']],
    [
      'with odd paths',
      {
        shares: [{ tag: 'source', path: '/a,b c' }],
        disks: [{ serial: 's', path: '/x,y', format: 'qcow2' }],
      },
      [
        '-drive file=/data/caches/example-packages/run-1a2b3c4d.qcow2,format=qcow2,if=none,id=extra0,cache=unsafe,discard=unmap',
        '-device virtio-blk-pci,drive=extra0,serial=mayfly-packages',
        '-drive file=artifacts.raw,format=raw,if=none,id=extra1,cache=none,discard=unmap',
        '-device virtio-blk-pci,drive=extra1,serial=mayfly-artifacts',
        '-virtfs local,path=/state/vms/1a2b3c4d/source,mount_tag=source,multidevs=remap,security_model=none,readonly=on',
        '-virtfs local,path=/state/vms/1a2b3c4d/builder,mount_tag=builder,multidevs=remap,security_model=none,readonly=on',
      ],
      [
        '-drive file=/x,,y,format=qcow2,if=none,id=extra0,cache=unsafe,discard=unmap',
        '-device virtio-blk-pci,drive=extra0,serial=s',
        '-virtfs local,path=/a,,b c,mount_tag=source,multidevs=remap,security_model=none,readonly=on',
      ],
    ],
  ])('%s differs in', (_name, change, gone, added) => {
    expect(difference(change)).toEqual({ gone, new: added });
  });

  it('never listens beyond 127.0.0.1, and shares nothing that the guest could write to', () => {
    const words = qemuArguments(SPEC).join(' ');
    expect(words.match(/hostfwd=[^ ]*/g)).toEqual(['hostfwd=tcp:127.0.0.1:0-:22']);
    const shares = qemuArguments(SPEC).filter((word) => word.startsWith('local,'));
    expect(shares).toHaveLength(2);
    for (const share of shares) expect(share).toContain(',readonly=on');
  });

  it('names sockets, logs and its disk without a folder: socket paths stay short', () => {
    const own = qemuArguments(SPEC).filter((word) => /qmp\.sock|console\.log|overlay\.qcow2/.test(word));
    expect(own).toHaveLength(3);
    for (const word of own) expect(word).not.toContain('/');
  });
});

it('commas are doubled', () => {
  expect(escapeCommas('/a,b,,c')).toBe('/a,,b,,,,c');
});

it('the network is handed over as lines', () => {
  const settings = 'address=10.0.2.15/24\ngateway=10.0.2.2\nnameserver=';
  expect(networkSettings('open')).toBe(`${settings}10.0.2.3\n`);
  expect(networkSettings('restricted')).toBe(`${settings}127.0.0.1\n`);
});

describe('an image to be tried', () => {
  const image: BootSpec = {
    image: '/images/a,b.iso',
    memoryBytes: 2 ** 30,
    cpus: 2,
    accelerator: 'tcg',
    firmware: undefined,
    asDisk: false,
  };

  it('is started with', () => {
    expect(lines(bootArguments(image, ['-serial', 'mon:stdio']))).toMatchInlineSnapshot(`
      "-nodefaults
      -no-user-config
      -display none
      -machine q35
      -accel tcg,thread=multi
      -cpu max,-erms,-fsrm
      -smp 2
      -m 1024M
      -no-reboot
      -device virtio-rng-pci
      -nic user,restrict=on,model=virtio-net-pci
      -drive file=/images/a,,b.iso,format=raw,media=cdrom,readonly=on
      -serial mon:stdio"
    `);
  });

  it('as a disk, by UEFI: is not written to either', () => {
    const words = lines(bootArguments({ ...image, asDisk: true, firmware: '/ovmf', accelerator: 'kvm' }, []));
    expect(words).toContain('-drive file=/images/a,,b.iso,format=raw,if=virtio,snapshot=on');
    expect(words).toContain('-bios /ovmf');
    expect(words).toContain('-accel kvm\n-cpu host');
    expect(words).not.toContain('cdrom');
  });
});
