/** Copies of a base box in libvirt's pools go with the box, unless a VM of any provider stands on one of them. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanBoxes } from '../../../src/build/box/remove.js';
import { copiedBoxes, noteCopy, removeCopies } from '../../../src/build/box/copies.js';
import { copiesFile } from '../../../src/paths.js';
import { isRootDisk } from '../../../src/vm/libvirt/pool.js';
import { vagrantBoxVolume } from '../../../src/vm/vagrant/vagrantfile.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';
import { contextIn } from './plan/project.js';

const BOX = '0123456789abcdef0123456789abcdef';
const SYSTEM = 'qemu:///system';
const COPIES = [`mayfly-box-${BOX}.qcow2`, `mayfly-box-${BOX}-data-01234567.qcow2`, vagrantBoxVolume(BOX)];

/** Removes the copies of BOX where the pool has them, and one VM's disk over one of them. */
async function removed(disk: string, below: string) {
  const folder = await temporaryFolder();
  const told: string[] = [];
  const report = (event: object): void => void told.push('text' in event ? String(event.text) : '');
  const context = { ...contextIn(folder, folder), report };
  await mkdir(dirname(copiesFile(context.home)), { recursive: true });
  await noteCopy(context, BOX, SYSTEM);
  const pool = [...COPIES, disk].map((name) => ` ${name}   /pool/${name}\n`).join('');
  await writeFile(`${folder}/pool`, pool);
  const xml = `<volume><name>${disk}</name><backingStore>\n<path>/pool/${below}</path></backingStore></volume>`;
  const virsh = await fakeProgram(
    'virsh',
    `case "$4" in
  vol-list) cat '${folder}/pool' ;;
  vol-dumpxml*) printf '%s' '${xml}' ;;
  vol-delete) grep -v " $7 " '${folder}/pool' > '${folder}/left'; mv '${folder}/left' '${folder}/pool' ;;
  *) exit 1 ;;
esac`,
  );
  const listing = `1,,box-name,mayfly-${BOX}\\n1,,box-provider,libvirt\\n1,,box-version,1.0.0\\n`;
  const vagrant = await fakeProgram('vagrant', `printf '${listing}'`);
  await removeCopies(context, BOX);
  return {
    deleted: (await virsh.calls()).flatMap((call) => (call[3] === 'vol-delete' ? call.slice(6) : [])),
    fromVagrant: (await vagrant.calls()).some(([noun, verb]) => `${noun} ${verb}` === 'box remove'),
    noted: await readFile(copiesFile(context.home), 'utf8'),
    told,
  };
}

it('copies whose box is gone are looked at again by the next clean', async () => {
  const folder = await temporaryFolder();
  const context = contextIn(folder, folder);
  await noteCopy(context, BOX, SYSTEM);
  await noteCopy(context, BOX, SYSTEM);
  expect(await copiedBoxes(context)).toEqual([BOX]);
  await fakeProgram('virsh', 'echo "error: no route to host" >&2; exit 1');
  expect(await cleanBoxes(context, {})).toEqual([]);
  expect(await copiedBoxes(context)).toEqual([BOX]);
  await fakeProgram('virsh', ':');
  await fakeProgram('vagrant', ':');
  expect(await cleanBoxes(context, {})).toEqual([]);
  expect(await copiedBoxes(context)).toEqual([]);
});

describe('the copies of a base box', () => {
  it.each([
    ['a VM of libvirt', 'mayfly-vm-1a2b3c4d.qcow2', `mayfly-box-${BOX}.qcow2`],
    ['a machine of Vagrant', 'mayfly-1a2b3c4d.img', vagrantBoxVolume(BOX)],
  ])('all stay where %s stands on one', async (_, disk, below) => {
    expect(await removed(disk, below)).toEqual({
      deleted: [],
      fromVagrant: false,
      noted: `${BOX} ${SYSTEM}\n`,
      told: [`The copy of the base box ${BOX} at ${SYSTEM} is in use and stays.`],
    });
  });

  it.each([
    ['a VM of libvirt', 'mayfly-vm-1a2b3c4d.qcow2', 'mayfly-box-f.qcow2'],
    ['a machine of Vagrant', 'mayfly-1a2b3c4d.img', vagrantBoxVolume('f')],
  ])('all go where %s stands on another box', async (_, disk, below) => {
    const { deleted, ...rest } = await removed(disk, below);
    expect([...deleted].sort()).toEqual([...COPIES].sort());
    expect(rest).toEqual({ fromVagrant: true, noted: '', told: [] });
  });
});

it.each([
  ['mayfly-vm-1a2b3c4d.qcow2', true],
  ['mayfly-1a2b3c4d.img', true],
  [vagrantBoxVolume(BOX), false],
  [`mayfly-box-${BOX}.qcow2`, false],
  ['mayfly-vm-1a2b3c4d-artifacts.raw', false],
  ['mayfly-cache-p-run-1a2b3c4d.qcow2', false],
])('%s is what a VM starts from: %j', (name, expected) => {
  expect(isRootDisk(name)).toBe(expected);
});
