import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../../src/build/context.js';
import { quoteCommand } from '../../../src/process/command-error.js';
import { foldersFinding, mend } from '../../../src/tasks/folders.js';
import { diskFindings } from '../../../src/tasks/room.js';
import { sourceUrl, startNode } from '../../rig/node-child.js';
import { contextIn } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';

/** Root could make files anywhere. */
const heldToModes = userInfo().uid === 0 ? ['setpriv', '--bounding-set', '-dac_override'] : [];

const FIND = `import { foldersFinding } from ${JSON.stringify(sourceUrl('tasks/folders.ts'))};
  console.log(JSON.stringify(await foldersFinding(JSON.parse(process.argv[1]))));`;

async function hostWith(): Promise<{ readonly folder: string; readonly context: Context }> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'tmp'));
  const env = { MAYFLY_TMPDIR: join(folder, 'tmp') };
  return { folder, context: contextIn(folder, join(folder, 'home'), env) };
}

describe('the folders of mayfly', () => {
  it('that are not there yet are tried in the nearest one above, and nothing is left', async () => {
    const { folder, context } = await hostWith();
    expect(await foldersFinding(context)).toMatchObject({
      state: 'ok',
      found: `files can be made in ${folder}, ${join(folder, 'tmp')}`,
    });
    expect(await readdir(folder)).toEqual(['tmp']);
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  });

  it('that are there are each tried themselves', async () => {
    const { folder, context } = await hostWith();
    await mkdir(join(context.home.data, 'boxes'), { recursive: true });
    const tried = ['home/data/boxes', 'home/data', 'home', 'tmp'].map((path) => join(folder, path));
    expect((await foldersFinding(context)).found).toBe(`files can be made in ${tried.join(', ')}`);
  });

  it('that are closed are told of', async () => {
    const { folder, context } = await hostWith();
    await chmod(folder, 0o500);
    try {
      const child = startNode(FIND, [JSON.stringify({ home: context.home, env: context.env })], heldToModes);
      expect(JSON.parse(await child.firstLine)).toMatchObject({
        state: 'missing',
        hint: quoteCommand(['chmod', 'u+rwx', folder]),
      });
    } finally {
      await chmod(folder, 0o700);
    }
  });

  it('where a file is in the way are told of; the room there still is, too', async () => {
    const { folder, context } = await hostWith();
    await writeFile(join(folder, 'home'), '');
    const found = await foldersFinding(context);
    expect(found.found).toBe(
      `no file can be made in ${join(folder, 'home')}, and ${join(folder, 'home/data/boxes')} is to be there: ENOTDIR: not a directory`,
    );
    expect(found).toMatchObject({
      state: 'missing',
      hint: quoteCommand(['mv', join(folder, 'home'), join(folder, 'home.old')]),
    });
    expect(await diskFindings(context)).toHaveLength(1);
  });

  it('that are a link to a disk that is not there are told of', async () => {
    const { folder, context } = await hostWith();
    await symlink('big disk/mayfly', join(folder, 'home'));
    expect((await foldersFinding(context)).hint).toBe(
      `It is a link. Mount what it leads to, or: mkdir -p '${join(folder, 'big disk/mayfly')}'`,
    );
  });

  it('on a file system that takes no file are told of', async () => {
    const { context } = await hostWith();
    const env = { MAYFLY_TMPDIR: '/proc/none/here' };
    expect(await foldersFinding({ ...context, env })).toMatchObject({
      state: 'missing',
      found:
        'no file can be made in /proc, and /proc/none/here is to be there: ENOENT: no such file or directory',
      hint: 'Choose another place: export MAYFLY_TMPDIR=FOLDER',
    });
  });
});

const home = { variable: 'MAYFLY_HOME', isOurs: true, isMine: true } as const;
const tmp = { variable: 'MAYFLY_TMPDIR', isOurs: false, isMine: false } as const;
const choose = 'hoose another place: export MAYFLY_HOME=FOLDER';

it.each([
  ['its mode', { ...home, path: '/h/my data', code: 'EACCES' }, "chmod u+rwx '/h/my data'"],
  [
    'its owner',
    { ...home, isMine: false, path: '/h/mayfly', code: 'EACCES' },
    'sudo chown -R "$(id -u):$(id -g)" /h/mayfly',
  ],
  ['what is not ours', { ...home, isMine: false, isOurs: false, path: '/', code: 'EACCES' }, `C${choose}`],
  ['/var/tmp', { ...tmp, path: '/var/tmp', code: 'EACCES' }, 'sudo chmod 1777 /var/tmp'],
  ['a read-only disk', { ...home, path: '/h/mayfly', code: 'EROFS' }, `C${choose}`],
  [
    'a full one',
    { ...home, path: '/h', code: 'ENOSPC' },
    `mayfly box clean && mayfly cache clean; or c${choose}`,
  ],
])('what mends %s', (_what, problem, command) => {
  expect(mend(problem)).toBe(command);
});
