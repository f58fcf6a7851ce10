import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderState } from '../../../src/source/folder.js';
import { inspectCheckout } from '../../../src/source/inspect.js';
import { project } from './builder-project.js';
import { commit, git, gitAt, write, START } from './repository.js';

describe('folderState', () => {
  test('names the last commit that touched the folder, with its date', async () => {
    const root = await project();
    await write(root, 'builder/late', '1\n');
    await git(root, 'add', '--all');
    await gitAt(Date.UTC(2021, 9, 12, 23, 30) / 1000, root, 'commit', '--quiet', '--message', 'Late');
    const late = await git(root, 'rev-parse', '--short', 'HEAD');
    await commit(root, 'Elsewhere', { 'outside.txt': 'x\n' }, START + 10 * 86400);
    const checkout = await inspectCheckout(root);
    expect(await folderState(checkout, 'builder/')).toEqual({
      dirty: false,
      lastCommit: { date: '20211012', shortId: late },
    });
  });

  test('is the author date where its author was, as in the name of a base box', async () => {
    const root = await project();
    await write(root, 'builder/x', '1\n');
    await git(root, 'add', '--all');
    await git(root, 'commit', '--quiet', '--message', 'x', '--date', '2020-02-29T23:00:00-0500');
    const { lastCommit } = await folderState(await inspectCheckout(root), 'builder');
    expect(lastCommit?.date).toBe('20200229');
  });

  test('is dirty by files inside it only', async () => {
    const root = await project();
    await write(root, 'outside.txt', 'edited\n');
    await mkdir(join(root, 'builder2'));
    await write(root, 'builder2/x', 'new\n');
    expect((await folderState(await inspectCheckout(root), 'builder')).dirty).toBe(false);
    expect((await folderState(await inspectCheckout(root), '.')).dirty).toBe(true);
    await write(root, 'builder/ünder/x', 'new\n');
    expect((await folderState(await inspectCheckout(root), 'builder')).dirty).toBe(true);
  });

  test('a folder that was never committed has no last commit', async () => {
    const root = await project();
    await write(root, 'fresh/x', 'new\n');
    expect(await folderState(await inspectCheckout(root), 'fresh')).toEqual({
      dirty: true,
      lastCommit: undefined,
    });
  });

  test('looks back from another commit when asked', async () => {
    const root = await project();
    const before = await inspectCheckout(root);
    await commit(root, 'Later', { 'builder/y': '1\n' }, START + 86400);
    const at = { gitDir: before.gitDir, commit: before.commit };
    const { lastCommit } = await folderState(await inspectCheckout(root), 'builder', { at });
    expect(lastCommit?.date).toBe('20211011');
  });
});
