/** What is read from virsh's tables and XML, and the names of volumes. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capabilitiesOf } from '../../../../src/vm/libvirt/host.js';
import {
  createArguments,
  ensureBoxVolume,
  removeVmVolumes,
  vmVolume,
  volumesOf,
} from '../../../../src/vm/libvirt/pool.js';
import { parseVolumes, volumeNames } from '../../../../src/vm/libvirt/volumes.js';
import { chainOf, generationsOf, needless, runVolume } from '../../../../src/vm/libvirt/pool-caches.js';
import { freeMemory } from '../../../../src/vm/libvirt/support.js';
import { fakeProgram } from '../../../rig/fake-programs.js';
import { temporaryFolder } from '../../source/repository.js';

it('volumes are made in the pool that every libvirt has', () => {
  expect(createArguments({ name: 'mayfly-x', bytes: 512, format: 'raw' })).toEqual([
    ...['vol-create-as', 'default', 'mayfly-x', '512', '--format', 'raw'],
    // Else all of its room is taken at once.
    ...['--allocation', '0'],
  ]);
  expect(createArguments({ name: 'mayfly-x', bytes: 512, format: 'qcow2', backing: 'mayfly-y' })).toEqual([
    ...['vol-create-as', 'default', 'mayfly-x', '512', '--format', 'qcow2'],
    ...['--backing-vol', 'mayfly-y', '--backing-vol-format', 'qcow2'],
  ]);
});

it('only volumes of ours are seen', () => {
  const table = ' debian.iso          /images/debian.iso\n mayfly-vm-a.qcow2   /images/mayfly-vm-a.qcow2\n\n';
  expect(volumeNames(table)).toEqual(['mayfly-vm-a.qcow2']);
  expect(volumeNames(' mayfly-x;quit   /images/x\n')).toEqual([]);
});

it('many volumes are described by one answer', () => {
  const volume = (name: string, backing: string): string =>
    `<volume type='file'>\n  <name>${name}</name>\n  <capacity unit='bytes'>65536</capacity>\n  <allocation unit='bytes'>4096</allocation>${backing}\n</volume>\n\n`;
  const backing = '\n  <backingStore>\n    <path>/var/lib/images/mayfly-a.qcow2</path>\n  </backingStore>';
  expect([...parseVolumes(volume('mayfly-a.qcow2', '') + volume('mayfly-b.qcow2', backing))]).toEqual([
    ['mayfly-a.qcow2', { backing: undefined, capacity: 65536, allocation: 4096 }],
    ['mayfly-b.qcow2', { backing: 'mayfly-a.qcow2', capacity: 65536, allocation: 4096 }],
  ]);
  expect(parseVolumes('').size).toBe(0);
});

it('what one VM has is told from what another has', () => {
  const older = 'mayfly-vm-a-console.raw.0';
  const others = ['mayfly-vm-a-b.qcow2', 'mayfly-vm-a-b-console.raw.0', 'mayfly-box-a.qcow2'];
  const own = ['mayfly-vm-a.qcow2', 'mayfly-vm-a-artifacts.raw', 'mayfly-vm-a-console.raw', older];
  expect(volumesOf('a', [...others, ...own])).toEqual(own);
});

it('each disk of a VM has a volume of its own', () => {
  expect([vmVolume('a', 'root'), vmVolume('a', 'handover'), runVolume('p', 'a')]).toEqual([
    ...['mayfly-vm-a.qcow2', 'mayfly-vm-a-handover.raw', 'mayfly-cache-p-run-a.qcow2'],
  ]);
});

it('generations of one cache are told from those of another, and from runs', () => {
  const names = [
    'mayfly-cache-p-generation-0010.qcow2',
    'mayfly-cache-p-generation-0009.qcow2',
    'mayfly-cache-p-run-generation-0001.qcow2',
    'mayfly-cache-p-q-generation-0001.qcow2',
  ];
  expect(generationsOf(names, 'p').map(({ number }) => number)).toEqual([9, 10]);
});

describe('generations that stand on each other', () => {
  const generation = (number: number): string => `mayfly-cache-p-generation-000${number}.qcow2`;
  const run = (vm: string): string => runVolume('p', vm);
  // 1 to 3 are a chain, 4 is whole, 5 stands on it; b began from 2, and runs.
  const volumes = new Map<string, string | undefined>([
    [generation(1), run('v1')],
    [generation(2), run('v2')],
    [generation(3), run('v3')],
    [generation(4), run('v4-whole')],
    [generation(5), run('v5')],
    [run('v1'), undefined],
    [run('v2'), generation(1)],
    [run('v3'), generation(2)],
    [run('v4-whole'), undefined],
    [run('v5'), generation(4)],
  ]);

  it('a chain ends at what stands on nothing', () => {
    const chain = [run('v3'), generation(2), run('v2'), generation(1), run('v1')];
    expect(chainOf(volumes, run('v3'))).toEqual(chain);
  });

  it('what neither the newest two nor a VM needs goes, tops first', () => {
    expect(needless(volumes, 'p')).toEqual([
      ...[generation(3), run('v3'), generation(2), run('v2'), generation(1), run('v1')],
    ]);
    const used = new Map([...volumes, [run('b'), generation(2)]]);
    expect(needless(used, 'p')).toEqual([generation(3), run('v3')]);
  });

  it('of two, nothing goes', () => {
    const two = [...volumes].filter(([name]) => [generation(4), generation(5), run('v5')].includes(name));
    expect(needless(new Map(two), 'p')).toEqual([]);
  });
});

it('free memory counts what the host can drop', () => {
  const stats = 'total  : 8000000 KiB\nfree   : 1000 KiB\nbuffers: 20 KiB\ncached : 4 KiB\n';
  expect(freeMemory(stats)).toBe(1024 * 1024);
});

/** A virsh whose pool is a file of names; each box stands on its data where that is named after it. */
async function pool(names: readonly string[], before = ':') {
  const folder = await temporaryFolder();
  const listed = join(folder, 'pool');
  await writeFile(listed, names.map((name) => ` ${name}   /pool/${name}\n`).join(''));
  await writeFile(join(folder, 'disk.qcow2'), 'disk');
  const virsh = await fakeProgram(
    'virsh',
    `cd '${folder}'
${before}
case "$4" in
  pool-refresh*|vol-list) cat pool ;;
  vol-create-as) echo " $6   /pool/$6" >> pool ;;
  vol-delete) grep -v " $7 " pool > left; mv left pool ;;
  vol-dumpxml*) printf '<volume><name>mayfly-box-0f.qcow2</name><backingStore><path>/pool/mayfly-box-0f-data-one.qcow2</path></backingStore></volume>' ;;
esac`,
  );
  const left = async (): Promise<readonly string[]> =>
    [...(await readFile(listed, 'utf8')).matchAll(/^ (\S+)/gm)].map(([, name = '']) => name);
  return { virsh, left, disk: join(folder, 'disk.qcow2') };
}

describe('a box that is uploaded', () => {
  const BOX = 'mayfly-box-0f.qcow2';
  const DATA = 'mayfly-box-0f-data-one.qcow2';

  it('and was not whole when its mayfly was killed, goes with the VM that wanted it', async () => {
    const { left } = await pool([DATA, 'mayfly-vm-one.qcow2', 'mayfly-vm-two.qcow2']);
    await removeVmVolumes('qemu:///system', 'one');
    expect(await left()).toEqual(['mayfly-vm-two.qcow2']);
  });

  it('stays when that VM goes, once it is whole', async () => {
    const { left } = await pool([DATA, BOX, 'mayfly-vm-one.qcow2']);
    await removeVmVolumes('qemu:///system', 'one');
    expect(await left()).toEqual([DATA, BOX]);
  });

  it('waits while another client is busy with the pool', async () => {
    const busy = `if [ "$4" = pool-refresh ] && [ ! -e asked ]; then
      : > asked
      echo "error: internal error: pool 'default' has asynchronous jobs running." >&2
      exit 1
    fi`;
    const { left, disk } = await pool([], busy);
    const box = { fingerprint: '0f', disk, kernel: '', initrd: '', diskBytes: 4096 };
    expect(await ensureBoxVolume('qemu:///system', box, 'one', new AbortController().signal)).toBe(BOX);
    expect(await left()).toEqual([DATA, BOX]);
  });
});

describe('KVM on another host', () => {
  const xml = (feature: string, domain: string): string =>
    `<capabilities><host><cpu><feature name='${feature}'/></cpu></host><guest><arch name='x86_64'><domain type='${domain}'/></arch></guest></capabilities>`;
  it.each([
    ['vmx', 'kvm', { flags: 'vmx', device: 'usable' }],
    ['svm', 'qemu', { flags: 'svm', device: 'missing' }],
    ['erms', 'kvm', { flags: '', device: 'usable' }],
  ])('%s and %s', (feature, domain, found) => {
    expect(capabilitiesOf(xml(feature, domain))).toEqual(found);
  });

  it.each([
    ['EPYC', 'svm'],
    ['EPYC-Rome', 'svm'],
    ['Dhyana', 'svm'],
    ['Opteron_G5', 'svm'],
    ['phenom', 'svm'],
    ['Opteron_G1', ''],
    ['Skylake-Server', ''],
  ])('a model of libvirt has what is not listed: %s', (model, flags) => {
    const said = xml('x', 'kvm').replace('<cpu>', `<cpu><model>${model}</model>`);
    expect(capabilitiesOf(said).flags).toBe(flags);
  });
});
