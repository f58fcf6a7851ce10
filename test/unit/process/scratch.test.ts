import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { currentOwner } from '../../../src/process/owner.js';
import {
  makeScratch,
  openFolders,
  publicScratchParent,
  readOwner,
  reapScratch,
  removeTree,
  writeOwner,
} from '../../../src/process/scratch.js';
import { sourceUrl, startNode } from '../../rig/node-child.js';
import { temporaryFolder } from '../source/repository.js';

async function folderOf(owner: unknown, parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  await mkdir(path);
  if (owner !== undefined) await writeFile(join(path, '.owner.json'), JSON.stringify(owner));
  return path;
}

describe('a scratch folder', () => {
  it('has the mode that was asked for whatever the umask, and names its owner', async () => {
    const parent = join(await temporaryFolder(), 'made', 'too');
    const secret = await makeScratch(parent, 0o700);
    const open = await makeScratch(parent, 0o755);
    expect((await stat(secret.path)).mode & 0o777).toBe(0o700);
    expect((await stat(open.path)).mode & 0o777).toBe(0o755);
    expect(await readOwner(secret.path)).toEqual(await currentOwner());
    expect(secret.path).not.toBe(open.path);
  });

  it('is gone at the end of the block, with all that is in it', async () => {
    const parent = await temporaryFolder();
    {
      await using scratch = await makeScratch(parent, 0o700);
      await mkdir(join(scratch.path, 'a/b'), { recursive: true });
      expect(await readdir(parent)).toHaveLength(1);
    }
    expect(await readdir(parent)).toEqual([]);
  });

  it('may be removed twice', async () => {
    const scratch = await makeScratch(await temporaryFolder(), 0o700);
    await scratch.remove();
    await scratch.remove();
  });
});

describe('reapScratch', () => {
  it('removes folders whose owner is gone, and only those', async () => {
    const parent = await temporaryFolder();
    const alive = await currentOwner();
    const kept = [
      await folderOf(alive, parent, 'mayfly-alive'),
      await folderOf(undefined, parent, 'mayfly-being-made'),
      await folderOf({ ...alive, startTime: '1' }, parent, 'other-name'),
      await folderOf({ ...alive, startTime: '1', machine: 'another' }, parent, 'mayfly-of-another-host'),
    ];
    const gone = [
      await folderOf({ ...alive, startTime: '1' }, parent, 'mayfly-pid-was-reused'),
      await folderOf({ ...alive, bootId: 'earlier' }, parent, 'mayfly-of-an-earlier-boot'),
    ];
    await writeFile(join(parent, 'mayfly-file'), '');
    await symlink(gone[0] ?? '', join(parent, 'mayfly-link'));
    expect([...(await reapScratch(parent))].sort()).toEqual([...gone].sort());
    expect((await readdir(parent)).sort()).toEqual(
      [...kept.map((path) => path.slice(parent.length + 1)), 'mayfly-file', 'mayfly-link'].sort(),
    );
  });

  it('removes nothing twice, and nothing where there is no folder', async () => {
    expect(await reapScratch(join(await temporaryFolder(), 'missing'))).toEqual([]);
  });

  it('takes the folder of a process for a leftover once that process was killed', async () => {
    const parent = await temporaryFolder();
    const child = startNode(
      `import { makeScratch } from ${JSON.stringify(sourceUrl('process/scratch.ts'))};
       const { path } = await makeScratch(process.argv[1], 0o700);
       console.log(path);
       setInterval(() => undefined, 1000);`,
      [parent],
    );
    const path = await child.firstLine;
    expect(await reapScratch(parent)).toEqual([]);
    child.kill('SIGKILL');
    await child.ended;
    expect(await reapScratch(parent)).toEqual([path]);
    expect(await readdir(parent)).toEqual([]);
  });
});

describe('the owner of a folder', () => {
  it('is not known when nobody wrote it, or only half of it', async () => {
    const folder = await temporaryFolder();
    expect(await readOwner(folder)).toBeUndefined();
    await writeFile(join(folder, '.owner.json'), '{"pid":');
    expect(await readOwner(folder)).toBeUndefined();
    for (const text of ['{}', 'null', '{"pid":-1,"startTime":"1","bootId":"x"}', '[]', '1']) {
      await writeFile(join(folder, '.owner.json'), text);
      expect(await readOwner(folder)).toBeUndefined();
    }
    expect(await readOwner(join(folder, '.owner.json'))).toBeUndefined();
    await writeOwner(folder);
    expect(await readOwner(folder)).toEqual(await currentOwner());
  });
});

it('openFolders opens folders that are closed to everybody, and follows no link', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'tree/closed/inner'), { recursive: true });
  await mkdir(join(folder, 'outside'), { mode: 0o500 });
  await symlink(join(folder, 'outside'), join(folder, 'tree/closed/link'));
  await chmod(join(folder, 'tree/closed/inner'), 0);
  await chmod(join(folder, 'tree/closed'), 0);
  await openFolders(join(folder, 'tree'));
  const mode = async (path: string): Promise<number> => (await stat(join(folder, path))).mode & 0o777;
  expect(await mode('tree/closed')).toBe(0o700);
  expect(await mode('tree/closed/inner')).toBe(0o700);
  expect(await mode('outside')).toBe(0o500);
});

it('removeTree removes what is closed to everybody, and a link without what it names', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'tree/closed/inner'), { recursive: true });
  await chmod(join(folder, 'tree/closed'), 0);
  await writeOwner(join(folder, 'tree'));
  await symlink(join(folder, 'tree'), join(folder, 'link'));
  await removeTree(join(folder, 'link'));
  expect(await readdir(folder)).toEqual(['tree']);
  await removeTree(join(folder, 'tree'));
  expect(await readdir(folder)).toEqual([]);
});

it('removeTree removes read-only folders, and does not follow links', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'tree/locked'), { recursive: true });
  await writeFile(join(folder, 'outside'), 'stays');
  await writeFile(join(folder, 'tree/locked/file'), '');
  await symlink(folder, join(folder, 'tree/link'));
  await removeTree(join(folder, 'tree'));
  expect(await readdir(folder)).toEqual(['outside']);
});

it('the public scratch folders are on a disk, unless the person says otherwise', () => {
  expect(publicScratchParent({})).toBe('/var/tmp');
  expect(publicScratchParent({ MAYFLY_TMPDIR: '/big' })).toBe('/big');
  expect(publicScratchParent({ MAYFLY_TMPDIR: '' })).toBe('/var/tmp');
  expect(() => publicScratchParent({ MAYFLY_TMPDIR: 'big' })).toThrow(
    'MAYFLY_TMPDIR is big, a relative path',
  );
});
