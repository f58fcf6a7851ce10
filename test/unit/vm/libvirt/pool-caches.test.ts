/** Caches in a pool that is a folder: each volume is a file that holds the name of the one below it. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  cleanPoolCache,
  discardPoolCache,
  openPoolCache,
  runVolume,
  sealPoolCache,
} from '../../../../src/vm/libvirt/pool-caches.js';
import { fakeProgram } from '../../../rig/fake-programs.js';
import { temporaryFolder } from '../../source/repository.js';

const URI = 'qemu:///system';
const { signal } = new AbortController();
const of = (vmId: string) => ({ cache: 'p', vmId, bytes: 512 });
const generation = (number: number): string =>
  `mayfly-cache-p-generation-${String(number).padStart(4, '0')}.qcow2`;

/** @param beforeCreate sh: what happens before the volume $3 is made @param onLook sh: while volumes are described */
async function pool(beforeCreate = '', onLook = ''): Promise<string> {
  const folder = await temporaryFolder();
  await fakeProgram(
    'virsh',
    `cd '${folder}'; shift 3
     case "$1" in
       vol-list) for v in *; do echo " $v /pool/$v"; done ;;
       vol-create-as) ${beforeCreate}
         if [ -e "$3" ]; then echo exists >&2; exit 1; fi; printf %s "\${8-}" > "$3" ;;
       vol-create-from) name=$(grep -o 'mayfly-cache[^<]*' "$3"); : > "$name" ;;
       vol-delete) rm "$4" ;;
       vol-path*) echo /pool/x ;;
       vol-dumpxml*) ${onLook}
         for v in $(echo "$*" | grep -o 'mayfly-[^; ]*'); do
         echo "<volume><name>$v</name><backingStore> <path>/pool/$(cat "$v")</path></backingStore></volume>"; done ;;
     esac`,
  );
  return folder;
}

/** Seventeen volumes that stand on each other once the run is sealed. */
async function longChain(folder: string): Promise<void> {
  for (let number = 1; number <= 8; number += 1) {
    await writeFile(join(folder, runVolume('p', `v${number}`)), number === 1 ? '' : generation(number - 1));
    await writeFile(join(folder, generation(number)), runVolume('p', `v${number}`));
  }
}

it('a whole copy that a crash left is dropped with its VM, and the cache can be cleaned', async () => {
  const folder = await pool();
  await openPoolCache(URI, of('a'), signal);
  expect(await sealPoolCache(URI, of('a'), signal)).toBe('sealed');
  await writeFile(join(folder, runVolume('p', 'a-whole')), '');
  expect(await cleanPoolCache(URI, 'p')).toBe(false);
  await discardPoolCache(URI, 'p', 'a');
  expect((await readdir(folder)).sort()).toEqual([generation(1), runVolume('p', 'a')]);
  expect(await cleanPoolCache(URI, 'p')).toBe(true);
});

it('a whole copy that cannot be published is removed', async () => {
  const folder = await pool(`if [ "$3" = '${generation(10)}' ]; then echo full >&2; exit 1; fi`);
  await longChain(folder);
  await openPoolCache(URI, of('a'), signal);
  await expect(sealPoolCache(URI, of('a'), signal)).rejects.toThrow();
  const names = await readdir(folder);
  expect(names).toContain(generation(9));
  expect(names).not.toContain(runVolume('p', 'a-whole'));
});

it('of two that end at once, the second is overtaken, though the first was published just before', async () => {
  // The other publishes between our look at the generations and our own publishing.
  const other = runVolume('p', 'b');
  const folder = await pool('', `printf %s '${other}' > '${generation(1)}'`);
  await openPoolCache(URI, of('a'), signal);
  await openPoolCache(URI, of('b'), signal);
  expect(await sealPoolCache(URI, of('a'), signal)).toBe('overtaken');
  expect((await readdir(folder)).sort()).toEqual([generation(1), other]);
});
