import { describe, expect, it } from 'vitest';
import { stockArguments } from '../../../bench/stock-boot.js';

const stock = { folder: '/s', disk: '/s/disk.raw', kernel: '/s/vmlinuz', initrd: '/s/initrd.img' };
const vm = {
  provider: 'qemu',
  connection: undefined,
  accelerator: 'tcg',
  acceleratorReason: 'no vmx or svm flag',
  memoryBytes: 2 ** 30,
  cpus: 2,
  network: 'open',
  hostProxy: undefined,
  cpuModel: undefined,
  machineType: undefined,
  vagrantfile: undefined,
} as const;

describe('stockArguments', () => {
  const words = stockArguments(stock, vm, 'ssh-ed25519 AAAA\n');
  const valuesOf = (flag: string): readonly (string | undefined)[] =>
    words.flatMap((word, index) => (word === flag ? [words[index + 1]] : []));

  it.each([
    { flag: '-machine', values: ['q35,usb=off,vmport=off,graphics=off'] },
    { flag: '-accel', values: ['tcg,thread=multi'] },
    { flag: '-smp', values: ['2'] },
    { flag: '-m', values: ['1024M'] },
    { flag: '-kernel', values: ['/s/vmlinuz'] },
    { flag: '-append', values: ['root=LABEL=mayfly ro console=ttyS0 quiet panic=-1'] },
    { flag: '-netdev', values: ['user,id=net,hostfwd=tcp:127.0.0.1:0-:22'] },
    {
      flag: '-smbios',
      values: [
        'type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root=c3NoLWVkMjU1MTkgQUFBQQo=',
      ],
    },
  ])('has $flag $values', ({ flag, values }) => {
    expect(valuesOf(flag)).toEqual(values);
  });

  it('uses the host CPU with KVM', () => {
    const kvm = stockArguments(stock, { ...vm, accelerator: 'kvm' }, '').join(' ');
    expect(kvm).toContain('-accel kvm -cpu host');
  });
});
