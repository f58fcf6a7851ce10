/** What is given to Vagrant and its plug-in, by a virsh that keeps the names of volumes, and a vagrant that lists boxes. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ensureVagrantBox } from '../../../../src/vm/vagrant/box.js';
import { fakeProgram } from '../../../rig/fake-programs.js';
import { temporaryFolder } from '../../source/repository.js';

const BOX = '0123456789abcdef0123456789abcdef';
const PLUGIN_VOLUME = `mayfly-${BOX}_vagrant_box_image_1.0.0_box.img`;

/** @param failing the command at which virsh fails */
async function given(volumes: readonly string[], failing = 'none') {
  const folder = await temporaryFolder();
  const pool = join(folder, 'pool');
  await writeFile(join(folder, 'disk.qcow2'), 'disk');
  await writeFile(pool, volumes.map((name) => ` ${name}   /pool/${name}\n`).join(''));
  const virsh = await fakeProgram(
    'virsh',
    `case "$4" in
  ${failing}) echo 'error: no space' >&2; exit 1 ;;
  vol-list) cat '${pool}' ;;
  vol-create-as) echo " $6   /pool/$6" >> '${pool}' ;;
  vol-delete) grep -v " $7 " '${pool}' > '${pool}.left'; mv '${pool}.left' '${pool}' ;;
esac`,
  );
  const listing = `1,,box-name,mayfly-${BOX}\\n1,,box-provider,libvirt\\n1,,box-version,1.0.0\\n`;
  await fakeProgram('vagrant', `printf '${listing}'`);
  const box = { fingerprint: BOX, disk: join(folder, 'disk.qcow2'), kernel: '', initrd: '', diskBytes: 4096 };
  const ended = ensureVagrantBox(box, 'p-main-1a2b3c', folder, new AbortController().signal);
  const problem: unknown = await ended.then(
    () => undefined,
    (error: unknown) => error,
  );
  const left = (await readFile(pool, 'utf8')).split('\n').map((line) => line.trim().split(' ')[0] ?? '');
  const verbs = (await virsh.calls()).map((call) => call[3] ?? '');
  return { problem, verbs, left: left.filter((name) => name !== '') };
}

it("the plug-in's volume appears in one step, over the box that has been uploaded", async () => {
  const { problem, verbs, left } = await given([]);
  expect(problem).toBeUndefined();
  const [data = '', box, plugin, ...others] = left;
  expect(data).toMatch(new RegExp(`^mayfly-box-${BOX}-data-p-main-1a2b3c\\.qcow2$`));
  expect([box, plugin, others]).toEqual([`mayfly-box-${BOX}.qcow2`, PLUGIN_VOLUME, []]);
  expect(verbs.filter((verb) => verb.startsWith('vol-') && verb !== 'vol-list')).toEqual([
    'vol-create-as',
    'vol-upload',
    'vol-create-as',
    'vol-create-as',
  ]);
});

it('an upload that fails leaves nothing that the plug-in could take for the box', async () => {
  const { problem, left } = await given([], 'vol-upload');
  expect(problem).toMatchObject({ code: 'command.failed' });
  expect(left).toEqual([]);
});

it.each([
  ['the box is there for libvirt', [`mayfly-box-${BOX}.qcow2`], ['vol-create-as']],
  ['the plug-in has it', [PLUGIN_VOLUME], []],
])('nothing is uploaded where %s', async (_, volumes, expected) => {
  const { verbs, left } = await given(volumes);
  expect(verbs.filter((verb) => verb.startsWith('vol-') && verb !== 'vol-list')).toEqual(expected);
  expect(left).toContain(PLUGIN_VOLUME);
});
