import { symlink, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { MayflyError } from '../../../src/errors.js';
import type { DirtyPath } from '../../../src/source/checkout.js';
import { findDirty, parseStatus, refuseDirty } from '../../../src/source/dirty.js';
import { contents, git, repository, START, temporaryFolder, write } from './repository.js';

test('parseStatus reads every kind of line', () => {
  const lines = [
    '1 .M N... 100644 100644 100644 1 1 a b.txt',
    '1 A. N... 000000 100644 100644 0 1 new',
    '1 .D N... 100644 100644 000000 1 1 gone',
    '1 .M S.M. 160000 160000 160000 1 1 sub',
    'u UU N... 100644 100644 100644 100644 1 2 3 both',
    '? un tracked',
    '! ignored',
    '# branch.head main',
  ];
  expect(parseStatus(lines.map((line) => `${line}\0`).join(''))).toEqual([
    { path: 'a b.txt', change: 'modified' },
    { path: 'new', change: 'added' },
    { path: 'gone', change: 'deleted' },
    { path: 'sub', change: 'submodule' },
    { path: 'both', change: 'conflict' },
    { path: 'un tracked', change: 'untracked' },
  ]);
});

describe('findDirty', () => {
  async function project(): Promise<string> {
    return await repository(join(await temporaryFolder(), 'project'), {
      '.gitignore': '*.o\n',
      'a.txt': 'a\n',
      'dir/b.txt': 'b\n',
      'c.txt': 'c\n',
    });
  }

  test('a clean checkout has none, ignored files do not count', async () => {
    const root = await project();
    await write(root, 'x.o', 'object');
    expect(await findDirty({ workTree: root })).toEqual([]);
  });

  test('lists staged, unstaged, deleted and untracked paths, whatever the configuration hides', async () => {
    const root = await project();
    await git(root, 'config', 'status.showUntrackedFiles', 'no');
    await write(root, 'a.txt', 'other\n');
    await unlink(join(root, 'c.txt'));
    await write(root, 'staged', '1');
    await git(root, 'add', 'staged');
    await write(root, 'new dir/ü', '1');
    await symlink('/nowhere', join(root, 'link'));
    expect(await findDirty({ workTree: root })).toEqual([
      { path: 'a.txt', change: 'modified' },
      { path: 'c.txt', change: 'deleted' },
      { path: 'staged', change: 'added' },
      { path: 'link', change: 'untracked' },
      { path: 'new dir/ü', change: 'untracked' },
    ]);
  });

  test('a rename is two changes', async () => {
    const root = await project();
    await git(root, 'mv', 'a.txt', 'z.txt');
    expect(await findDirty({ workTree: root })).toEqual([
      { path: 'a.txt', change: 'deleted' },
      { path: 'z.txt', change: 'added' },
    ]);
  });

  test('a merge conflict is named as such', async () => {
    const root = await project();
    await git(root, 'switch', '--quiet', '--create', 'other');
    await write(root, 'a.txt', 'other\n');
    await git(root, 'commit', '--quiet', '-am', 'Other');
    await git(root, 'switch', '--quiet', 'main');
    await write(root, 'a.txt', 'main\n');
    await git(root, 'commit', '--quiet', '-am', 'Main');
    await git(root, 'merge', 'other').catch(() => 'conflict');
    expect(await findDirty({ workTree: root })).toEqual([{ path: 'a.txt', change: 'conflict' }]);
  });

  test('files that the person ignores everywhere do not count', async () => {
    const root = await project();
    const home = await temporaryFolder();
    await write(home, '.gitconfig', '[core]\n\texcludesFile = ~/ignored\n');
    await write(home, 'ignored', '*.swp\n');
    await write(root, '.a.txt.swp', 'editor');
    expect(await findDirty({ workTree: root })).toEqual([{ path: '.a.txt.swp', change: 'untracked' }]);
    vi.stubEnv('HOME', home);
    const dirty = await findDirty({ workTree: root });
    vi.unstubAllEnvs();
    expect(dirty).toEqual([]);
    await git(root, 'config', 'core.excludesFile', join(home, 'ignored'));
    expect(await findDirty({ workTree: root })).toEqual([]);
  });

  test('writes nothing into the checkout, even when the index is out of date', async () => {
    const root = await project();
    // Git would note the new date in the index, to be faster the next time.
    await utimes(join(root, 'a.txt'), START, START);
    const before = await contents(root);
    expect(await findDirty({ workTree: root })).toEqual([]);
    expect(await contents(root)).toEqual(before);
  });
});

describe('refuseDirty', () => {
  const checkout = (dirty: DirtyPath[]): Parameters<typeof refuseDirty>[0] => ({
    topLevel: '/project',
    shortId: 'abc1234',
    dirty,
  });

  function refusal(dirty: DirtyPath[]): MayflyError | undefined {
    try {
      refuseDirty(checkout(dirty));
    } catch (error) {
      if (error instanceof MayflyError) return error;
      throw error;
    }
    return undefined;
  }

  test('a clean checkout passes', () => {
    expect(refusal([])).toBeUndefined();
  });

  test('names the paths and the way round', () => {
    const error = refusal([{ path: 'a', change: 'modified' }]);
    expect(error).toMatchObject({ kind: 'refused', code: 'source.dirty', details: ['modified: a'] });
    expect(error?.message).toContain('one uncommitted change');
    expect(error?.hint).toContain('--ignore-changes');
    expect(error?.hint).toContain('abc1234');
  });

  test('lists ten paths at most', () => {
    const dirty = Array.from({ length: 12 }, (_, index) => ({
      path: `f${index}`,
      change: 'untracked' as const,
    }));
    const error = refusal(dirty);
    expect(error?.details).toHaveLength(11);
    expect(error?.details.at(-1)).toBe('and 2 more');
  });
});
