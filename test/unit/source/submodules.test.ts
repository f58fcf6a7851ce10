import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectCheckout } from '../../../src/source/inspect.js';
import { parseModules, requireSubmodules } from '../../../src/source/submodules.js';
import { commit, failure, git, repository, temporaryFolder, write } from './repository.js';
import { nestedProject } from './submodule-project.js';

test('parseModules', () => {
  const output =
    'submodule.a.b c.path\nlib/one\0submodule.a.b c.url\nhttp://x\ny\0submodule.opt.path\nopt\0submodule.opt.update\nnone\0core.x\n1\0';
  expect(parseModules(output)).toEqual([
    { name: 'a.b c', path: 'lib/one', optional: false },
    { name: 'opt', path: 'opt', optional: true },
  ]);
});

describe('the submodules of a checkout', () => {
  test('are listed with nested ones, parents first', async () => {
    const { root, outer, inner } = await nestedProject();
    expect((await inspectCheckout(root)).submodules).toEqual([
      {
        name: 'outer name',
        path: 'lib/outer',
        commit: outer,
        names: ['outer name'],
        gitDir: join(root, '.git/modules/outer name'),
        initialised: true,
        optional: false,
      },
      {
        name: 'inner',
        path: 'lib/outer/inner',
        commit: inner,
        names: ['outer name', 'inner'],
        gitDir: join(root, '.git/modules/outer name/modules/inner'),
        initialised: true,
        optional: false,
      },
    ]);
  });

  test('that were never fetched are not initialised', async () => {
    const { root, outer } = await nestedProject();
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', root, 'clone');
    const { submodules, commit: head } = await inspectCheckout(join(folder, 'clone'));
    expect(submodules).toMatchObject([{ path: 'lib/outer', gitDir: undefined, initialised: false }]);
    expect(() => requireSubmodules(submodules, head, head)).toThrow('not on this host');
    const error = await failure(Promise.resolve().then(() => requireSubmodules(submodules, head, head)));
    expect(error).toMatchObject({ kind: 'host', code: 'source.submodule-missing' });
    expect(error.hint).toContain('git submodule update --init --recursive');
    expect(error.details).toEqual([`lib/outer (commit ${outer})`]);
    const merged = await failure(Promise.resolve().then(() => requireSubmodules(submodules, 'merged', head)));
    expect(merged.hint).toContain('--no-merge-base-branch');
  });

  test('are found although their folder is gone from the work tree', async () => {
    const { root } = await nestedProject();
    await rm(join(root, 'lib'), { recursive: true });
    const { submodules } = await inspectCheckout(root);
    expect(submodules.map(({ initialised }) => initialised)).toEqual([true, true]);
  });

  test('are found in the main checkout of a worktree', async () => {
    const { root } = await nestedProject();
    const tree = join(await temporaryFolder(), 'tree');
    await git(root, 'worktree', 'add', '--quiet', '-b', 'topic', tree);
    const { submodules, dirty } = await inspectCheckout(tree);
    expect(submodules.map(({ initialised }) => initialised)).toEqual([true, true]);
    expect(dirty).toEqual([]);
  });

  test('may keep their repository in the work tree, as old ones do', async () => {
    const { root } = await nestedProject();
    const outer = join(root, 'lib/outer');
    await rm(join(outer, 'inner'), { recursive: true });
    await rm(join(outer, '.git'));
    await rename(join(root, '.git/modules/outer name'), join(outer, '.git'));
    await git(outer, '--git-dir=.git', '--work-tree=.', 'config', 'core.worktree', '..');
    const { submodules } = await inspectCheckout(root);
    expect(submodules[0]).toMatchObject({ gitDir: join(outer, '.git'), initialised: true });
  });

  test('changes inside one make the checkout dirty', async () => {
    const { root } = await nestedProject();
    await git(root, 'config', 'diff.ignoreSubmodules', 'all');
    await write(root, 'lib/outer/new file', '1');
    expect((await inspectCheckout(root)).dirty).toEqual([{ path: 'lib/outer', change: 'submodule' }]);
  });

  test('one at another commit makes the checkout dirty', async () => {
    const { root } = await nestedProject();
    await commit(join(root, 'lib/outer'), 'Other', { x: '1' });
    expect((await inspectCheckout(root)).dirty).toEqual([{ path: 'lib/outer', change: 'submodule' }]);
  });

  test.each(['../../evil', 'a/../../b'])('a name that leads outside is refused: %s', async (name) => {
    const { root } = await nestedProject();
    await git(
      root,
      'config',
      '--file',
      '.gitmodules',
      '--rename-section',
      'submodule.outer name',
      `submodule.${name}`,
    );
    await commit(root, 'Evil', {});
    expect(await failure(inspectCheckout(root))).toMatchObject({
      kind: 'refused',
      code: 'source.submodule-name',
    });
  });

  test('a commit in the tree without an entry in .gitmodules is an empty folder', async () => {
    const root = await repository(join(await temporaryFolder(), 'project'));
    await git(root, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},odd`);
    await git(root, 'commit', '--quiet', '--message', 'Odd');
    expect((await inspectCheckout(root)).submodules).toEqual([]);
  });

  test('an optional one may be absent', async () => {
    const { root } = await nestedProject();
    await git(root, 'config', '--file', '.gitmodules', 'submodule.outer name.update', 'none');
    const head = await commit(root, 'Optional', {});
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', root, 'clone');
    const { submodules } = await inspectCheckout(join(folder, 'clone'));
    expect(submodules).toMatchObject([{ initialised: false, optional: true }]);
    expect(() => requireSubmodules(submodules, head, head)).not.toThrow();
  });
});
