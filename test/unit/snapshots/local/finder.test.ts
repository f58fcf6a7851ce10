/** Reading what a snapshot names: indexes that are equal, and what fails once. */
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { storeContent } from '../../../../src/snapshots/local/files.js';
import { SnapshotFinder } from '../../../../src/snapshots/local/find-file.js';
import { archiveParts, storedFile } from '../../../../src/snapshots/local/layout.js';
import { writeOver } from '../../../../src/snapshots/local/write-new.js';
import { poolPath } from '../../../rig/mirror.js';
import { failure, temporaryFolder } from '../../source/repository.js';
import { archiveRig, HELLO, signal } from './rig.js';

const rig = archiveRig();

it('equal indexes of a snapshot are read at once: those of components that are empty', async () => {
  const { snapshot } = await rig.take();
  const empty = await storeContent(rig.archive, Buffer.from(''), 'test');
  const indexes = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`c${index}/binary-amd64/Packages`, empty]),
  );
  const suites = snapshot.suites.flatMap((suite) => [suite, { ...suite, suite: 'other', indexes }]);
  const pool = await new SnapshotFinder(rig.archive, { ...snapshot, suites }, signal).pool();
  expect([...pool.keys()]).toEqual([poolPath(HELLO)]);
  expect(await readdir(archiveParts(rig.archive).catalogs)).toHaveLength(2);
});

it('what fails once is read again: a server runs for days', async () => {
  const { snapshot } = await rig.take();
  const [suite] = snapshot.suites;
  const [index = ''] = Object.values(suite?.indexes ?? {}).map(({ sha256 }) => sha256);
  const finder = new SnapshotFinder(rig.archive, snapshot, signal);
  for (const [sha256, path] of [
    [index, poolPath(HELLO)],
    [suite?.release.sha256 ?? '', 'dists/trixie/main/binary-amd64/Packages.xz'],
  ] as const) {
    const file = storedFile(rig.archive, sha256);
    await rename(file, `${file}.away`);
    expect(await failure(finder.find(path))).toMatchObject({ code: 'archive.damaged' });
    await rename(`${file}.away`, file);
    expect(await finder.find(path)).toBeDefined();
  }
});

it('a file that cannot be put into place leaves nothing beside it', async () => {
  const folder = await temporaryFolder();
  await writeOver(join(folder, 'taken/by-a-folder'), '');
  await expect(writeOver(join(folder, 'taken'), '')).rejects.toThrow('EISDIR');
  expect(await readdir(folder)).toEqual(['taken']);
});
