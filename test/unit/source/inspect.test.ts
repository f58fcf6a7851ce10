import { chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseTag, inspectCheckout } from '../../../src/source/inspect.js';
import { setEnvironment } from '../../rig/fake-programs.js';
import {
  commit,
  contents,
  failure,
  git,
  gitAt,
  repository,
  START,
  temporaryFolder,
  write,
} from './repository.js';

async function project(): Promise<string> {
  return await repository(join(await temporaryFolder(), 'pröject one'));
}

describe('inspectCheckout', () => {
  test('describes a branch', async () => {
    const root = await project();
    const id = await git(root, 'rev-parse', 'HEAD');
    expect(await inspectCheckout(root)).toEqual({
      topLevel: root,
      gitDir: join(root, '.git'),
      commonDir: join(root, '.git'),
      ref: { kind: 'branch', name: 'main', fullName: 'refs/heads/main' },
      commit: id,
      shortId: id.slice(0, 7),
      commitDate: START,
      releaseTag: undefined,
      dirty: [],
      submodules: [],
      baseBranch: undefined,
    });
  });

  test('finds the top level from a subfolder, and branches with slashes', async () => {
    const root = await project();
    await git(root, 'switch', '--quiet', '--create', 'feature/12-ü');
    await mkdir(join(root, 'deep', 'down'), { recursive: true });
    const checkout = await inspectCheckout(join(root, 'deep', 'down'));
    expect(checkout.topLevel).toBe(root);
    expect(checkout.ref.name).toBe('feature/12-ü');
  });

  test('in a worktree, the common part is that of the main checkout', async () => {
    const root = await project();
    const tree = join(await temporaryFolder(), 'tree');
    await git(root, 'worktree', 'add', '--quiet', '-b', 'topic', tree);
    const checkout = await inspectCheckout(tree);
    expect(checkout).toMatchObject({ topLevel: tree, commonDir: join(root, '.git'), ref: { name: 'topic' } });
    expect(checkout.gitDir).toBe(join(root, '.git', 'worktrees', 'tree'));
  });

  test('a worktree of a bare repository is a checkout', async () => {
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', '--bare', await project(), 'bare.git');
    await git(join(folder, 'bare.git'), 'worktree', 'add', '--quiet', join(folder, 'tree'), 'main');
    expect(await inspectCheckout(join(folder, 'tree'))).toMatchObject({ ref: { name: 'main' }, dirty: [] });
  });

  test('a shallow clone and one with alternates', async () => {
    const root = await project();
    const head = await commit(root, 'Second', { x: '1\n' });
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', '--depth=1', `file://${root}`, 'shallow');
    await git(folder, 'clone', '--quiet', '--shared', root, 'shared');
    expect((await inspectCheckout(join(folder, 'shallow'))).commit).toBe(head);
    expect((await inspectCheckout(join(folder, 'shared'))).commit).toBe(head);
  });

  test('a checkout of another user is read when the person has told git that it is safe, and not before', async () => {
    const root = await project();
    const home = await temporaryFolder();
    setEnvironment({ HOME: home, XDG_CONFIG_HOME: undefined });
    const isRoot = process.getuid?.() === 0;
    const trap = join(home, 'trap');
    await git(root, 'config', 'filter.x.clean', `touch '${trap}'; cat`);
    await commit(root, 'Filtered', { '.gitattributes': '*.txt filter=x\n', 'a.txt': 'a\n' });
    await rm(trap, { force: true });
    await write(root, 'a.txt', 'changed\n');
    if (isRoot) {
      await chown(join(root, '.git'), 65534, 65534);
      const error = await failure(inspectCheckout(root));
      expect(error).toMatchObject({ kind: 'refused', code: 'source.other-owner' });
      expect(error.hint).toContain(`safe.directory '${root}'`);
      expect(await readdir(home)).toEqual([]);
    }
    await writeFile(join(home, '.gitconfig'), `[safe]\n\tdirectory = ${root}\n`);
    expect((await inspectCheckout(root)).topLevel).toBe(root);
  });

  test('runs no hook, no monitor and no pager of the checkout, and writes nothing', async () => {
    const root = await project();
    const trap = join(await temporaryFolder(), 'trap');
    await git(root, 'config', 'core.fsmonitor', `touch '${trap}'; false`);
    await git(root, 'config', 'core.pager', `touch '${trap}'`);
    await git(root, 'config', 'log.showSignature', 'true');
    await git(root, 'config', 'gpg.program', `${trap}.sh`);
    const before = await contents(root);
    await inspectCheckout(root);
    expect(await contents(root)).toEqual(before);
    expect(await readdir(join(trap, '..'))).toEqual([]);
  });

  test('stops when it is interrupted', async () => {
    const signal = AbortSignal.abort();
    const error = await failure(inspectCheckout(await project(), { signal }));
    expect(error.kind).toBe('interrupted');
  });
});

describe('tags', () => {
  test('HEAD on a branch and exactly at a tag is a release of that branch', async () => {
    const root = await project();
    await git(root, 'tag', '1.0');
    const checkout = await inspectCheckout(root);
    expect(checkout.releaseTag).toBe('1.0');
    expect(checkout.ref).toEqual({ kind: 'branch', name: 'main', fullName: 'refs/heads/main' });
  });

  test('a detached HEAD at a tag is that tag', async () => {
    const root = await project();
    await git(root, 'tag', '--annotate', '--message', 'Release', 'v/1.0');
    await git(root, 'checkout', '--quiet', 'v/1.0');
    const checkout = await inspectCheckout(root);
    expect(checkout.ref).toEqual({ kind: 'tag', name: 'v/1.0', fullName: 'refs/tags/v/1.0' });
    expect(checkout.releaseTag).toBe('v/1.0');
  });

  test('an older commit that is tagged is no release', async () => {
    const root = await project();
    await git(root, 'tag', '1.0');
    await commit(root, 'Later', { x: '1\n' });
    expect((await inspectCheckout(root)).releaseTag).toBeUndefined();
  });

  test('of several, an annotated one wins, then the newest', async () => {
    const root = await project();
    await git(root, 'tag', 'light');
    await gitAt(START + 1, root, 'tag', '--annotate', '--message', 'x', 'old');
    await gitAt(START + 2, root, 'tag', '--annotate', '--message', 'x', 'new');
    expect((await inspectCheckout(root)).releaseTag).toBe('new');
    expect(chooseTag('commit 1 refs/tags/b\ncommit 1 refs/tags/a')).toBe('a');
    expect(chooseTag('')).toBeUndefined();
  });
});

describe('what cannot be built', () => {
  test.each([
    ['no repository', (folder: string) => Promise.resolve(folder), 'usage', 'source.not-a-repository'],
    [
      'no folder',
      (folder: string) => Promise.resolve(join(folder, 'none')),
      'usage',
      'source.not-a-repository',
    ],
    ['the .git folder', async () => join(await project(), '.git'), 'usage', 'source.not-a-repository'],
    [
      'no commits',
      async (folder: string) => {
        await git(folder, 'init', '--quiet');
        return folder;
      },
      'usage',
      'source.no-commits',
    ],
    [
      'a bare repository',
      async (folder: string) => {
        await git(folder, 'init', '--quiet', '--bare');
        return folder;
      },
      'usage',
      'source.bare',
    ],
    [
      'a detached HEAD without a tag',
      async () => {
        const root = await project();
        await git(root, 'checkout', '--quiet', '--detach');
        return root;
      },
      'refused',
      'source.detached',
    ],
  ])('%s', async (_, make, kind, code) => {
    const folder = await make(await temporaryFolder());
    const error = await failure(inspectCheckout(folder));
    expect(error).toMatchObject({ kind, code });
    expect(error.message).not.toBe('');
    expect(error.hint).toBeDefined();
  });
});
