/** Records that cannot be read, and files that are none of the archive's. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storedNames } from '../../../../src/snapshots/local/entries.js';
import { archiveParts } from '../../../../src/snapshots/local/layout.js';
import { storedSnapshots } from '../../../../src/snapshots/local/needed.js';
import { taggedSnapshots } from '../../../../src/snapshots/local/tag.js';
import { failure } from '../../source/repository.js';
import { archiveRig, filesIn } from './rig.js';

const rig = archiveRig();

async function put(path: string, text = ''): Promise<string> {
  const file = join(rig.archive, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

describe('a record that cannot be read', () => {
  it.each(['', '{', '{"schema": 2}'])('is named with its path: a snapshot that is %j', async (text) => {
    const file = await put('snapshots/mine/2026010101.json', text);
    const error = await failure(storedSnapshots(rig.archive));
    expect(error).toMatchObject({ kind: 'host', code: 'archive.damaged' });
    expect(error.message).toContain('the snapshot 2026010101 of mine');
    expect(error.details).toContain(file);
  });

  it('may be a tag', async () => {
    const file = await put('tags/broken.json');
    const error = await failure(taggedSnapshots(rig.archive));
    expect(error).toMatchObject({ code: 'archive.damaged' });
    expect(error.details).toContain(file);
  });
});

it('strange files in the archive are passed over', async () => {
  const { snapshot } = await rig.take();
  for (const path of ['snapshots/readme', 'snapshots/debian/notes', 'snapshots/.DS_Store', 'files/readme'])
    await put(path);
  await put('files/ab/readme');
  await mkdir(join(archiveParts(rig.archive).snapshots, 'Not An Origin'), { recursive: true });
  expect(await storedSnapshots(rig.archive)).toEqual([snapshot]);
  const names: string[] = [];
  for await (const { sha256 } of storedNames(rig.archive)) names.push(sha256);
  expect(names).toHaveLength((await filesIn(rig.archive)).length - 1);
});
