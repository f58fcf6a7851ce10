import { link as realLink, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alternateLine, objectStores, parseAlternates } from '../../../src/source/alternates.js';
import { linkObjects } from '../../../src/source/objects.js';
import { commit, git, repository, temporaryFolder, write } from './repository.js';

/** All object files of a store, without what git keeps beside them. */
async function objectFiles(objects: string): Promise<string[]> {
  const names = await readdir(objects, { recursive: true });
  return names.filter((name) => /^(..\/[0-9a-f]{38}|pack\/pack-.*\.(pack|idx|rev))$/.test(name)).sort();
}

async function store(): Promise<{ root: string; from: string; to: string }> {
  const root = await repository(join(await temporaryFolder(), 'project'));
  await git(root, 'repack', '-adq');
  await commit(root, 'Loose', { x: '1\n' });
  return { root, from: join(root, '.git/objects'), to: join(await temporaryFolder(), 'objects') };
}

async function inode(path: string): Promise<number> {
  return (await stat(path)).ino;
}

describe('linkObjects', () => {
  test('takes packs and loose objects as hard links', async () => {
    const { from, to } = await store();
    await linkObjects(from, to);
    const files = await objectFiles(from);
    expect(files.some((name) => name.endsWith('.pack'))).toBe(true);
    expect(files.some((name) => !name.startsWith('pack/'))).toBe(true);
    expect(await objectFiles(to)).toEqual(files);
    for (const name of files) expect(await inode(join(to, name))).toBe(await inode(join(from, name)));
  });

  test.each(['EXDEV', 'EPERM', 'EMLINK'])('copies where links fail with %s', async (code) => {
    const { from, to } = await store();
    const link = (): Promise<void> => Promise.reject(Object.assign(new Error(code), { code }));
    await linkObjects(from, to, { link });
    const files = await objectFiles(from);
    expect(await objectFiles(to)).toEqual(files);
    expect((await readdir(to, { recursive: true })).filter((name) => name.includes('tmp'))).toEqual([]);
    for (const name of files) {
      expect(await inode(join(to, name))).not.toBe(await inode(join(from, name)));
      expect((await stat(join(to, name))).mode & 0o777).toBe(0o444);
    }
  });

  test('another failure is not hidden', async () => {
    const { from, to } = await store();
    const link = (): Promise<void> => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    await expect(linkObjects(from, to, { link })).rejects.toThrow('full');
  });

  test('finds objects that are packed while it looks', async () => {
    const { root, from, to } = await store();
    let repacked = false;
    await linkObjects(from, to, {
      link: async (existing, path) => {
        if (!repacked) {
          repacked = true;
          await git(root, 'gc', '--quiet', '--prune=now');
        }
        await realLink(existing, path);
      },
    });
    const bare = join(await temporaryFolder(), 'bare');
    await git(root, 'init', '--quiet', '--bare', bare);
    await linkObjects(to, join(bare, 'objects'));
    expect(await git(bare, 'rev-list', '--objects', '--count', await git(root, 'rev-parse', 'HEAD'))).toBe(
      '6',
    );
  });

  test('takes only what is an object, and follows no link', async () => {
    const { root, from, to } = await store();
    await git(root, 'multi-pack-index', 'write');
    await write(from, 'pack/tmp_pack_123', 'unfinished');
    await write(from, 'ab/tmp_obj_123', 'unfinished');
    await write(from, 'info/packs', '');
    const outside = join(await temporaryFolder(), 'secret');
    await writeFile(outside, 'secret');
    await mkdir(join(from, 'ff'), { recursive: true });
    await symlink(outside, join(from, 'ff', 'a'.repeat(38)));
    await linkObjects(from, to);
    const names = await readdir(to, { recursive: true });
    expect(names.filter((name) => /tmp|multi|info|aaaaaaaa/.test(name))).toEqual([]);
  });

  test('objects that are there stay, new ones arrive', async () => {
    const { root, from, to } = await store();
    await linkObjects(from, to);
    const before = await objectFiles(to);
    await commit(root, 'New', { y: '2\n' });
    await git(root, 'gc', '--quiet', '--prune=now');
    await linkObjects(from, to);
    const after = await objectFiles(to);
    expect(after).toEqual(expect.arrayContaining([...before, ...(await objectFiles(from))]));
  });

  test('stops when it is interrupted', async () => {
    const { from, to } = await store();
    await expect(linkObjects(from, to, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'interrupted',
    });
  });
});

describe('alternates', () => {
  test('are read as git writes them', () => {
    const text = '# comment\n/a/b c\n../../other/objects\n\n"/q\\"uo\\\\te\\303\\244\\n"\n';
    expect(parseAlternates(text, '/x/.git/objects')).toEqual(['/a/b c', '/x/other/objects', '/q"uo\\teä\n']);
  });

  test.each(['/a b/ö', '/back\\slash', '/new\nline "quoted" \\'])(
    'survive being written and read: %j',
    (path) => {
      expect(parseAlternates(alternateLine(path), '/x')).toEqual([path]);
    },
  );

  test('are followed, without end in a circle', async () => {
    const folder = await temporaryFolder();
    await write(folder, 'a/info/alternates', '../b\n');
    await write(folder, 'b/info/alternates', `${folder}/a\n${folder}/gone\n../c\n`);
    await write(folder, 'c/x', '');
    expect(await objectStores(join(folder, 'a'))).toEqual(['a', 'b', 'c'].map((name) => join(folder, name)));
  });
});
