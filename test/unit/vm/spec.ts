/** A builder VM's specification and record, for tests. */
import type { VmSpec } from '../../../src/vm/provider.js';
import type { VmRecord } from '../../../src/vm/registry.js';

export const SPEC: VmSpec = {
  id: '1a2b3c4d',
  folder: '/state/vms/1a2b3c4d',
  checkout: '/src/example',
  connection: undefined,
  box: {
    fingerprint: 'f',
    disk: '/boxes/f/disk.qcow2',
    kernel: '/boxes/f/vmlinuz',
    initrd: '/boxes/f/initrd.img',
    diskBytes: 20 * 2 ** 30,
  },
  memoryBytes: 1.5 * 2 ** 30,
  cpus: 4,
  cpuModel: undefined,
  machineType: undefined,
  vagrantfile: undefined,
  network: 'open',
  shares: [
    { tag: 'source', path: '/state/vms/1a2b3c4d/source' },
    { tag: 'builder', path: '/state/vms/1a2b3c4d/builder' },
  ],
  disks: [
    {
      serial: 'mayfly-packages',
      path: '/data/caches/example-packages/run-1a2b3c4d.qcow2',
      format: 'qcow2',
    },
    { serial: 'mayfly-artifacts', path: 'artifacts.raw', format: 'raw', direct: true },
  ],
  accelerator: 'kvm',
  user: 'builder',
  bootTimeoutMs: undefined,
  mayOutliveUs: false,
};

export const RECORD: VmRecord = {
  schema: 1,
  id: '1a2b3c4d',
  provider: 'qemu',
  createdAt: '2026-01-02T03:04:05.000Z',
  checkout: '/home/ada/example',
  ref: 'main',
  box: '0123456789abcdef0123456789abcdef',
  user: 'builder',
  kept: false,
  owner: { pid: 1, startTime: '1', bootId: 'gone' },
  memoryBytes: 2 ** 30,
  cpus: 2,
  accelerator: 'tcg',
  network: 'restricted',
  caches: {},
};
