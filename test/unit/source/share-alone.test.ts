import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectCheckout } from '../../../src/source/inspect.js';
import { makeSourceShare } from '../../../src/source/share.js';
import { commit, contents, failure, git, temporaryFolder, START } from './repository.js';
import { cloneInGuest, share, topic } from './shared.js';
import { nestedProject } from './submodule-project.js';

describe('a share stands alone', () => {
  test('although the checkout borrows its objects', async () => {
    const root = await topic();
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', '--shared', '--branch=topic', root, 'first');
    await git(folder, 'clone', '--quiet', '--shared', '--branch=topic', 'first', 'second');
    await git(
      join(folder, 'second'),
      'update-ref',
      'refs/remotes/origin/main',
      await git(root, 'rev-parse', 'main'),
    );
    const made = await share(join(folder, 'second'));
    expect(await readdir(join(made.gitDir, 'objects/info'))).toEqual([]);
    expect(await git(made.gitDir, 'fsck', '--full', '--strict')).toBe('');
    expect(made.merged).toBe(true);
  });

  test('although the checkout is a worktree', async () => {
    const root = await topic();
    await git(root, 'switch', '--quiet', 'main');
    const folder = await temporaryFolder();
    await git(root, 'worktree', 'add', '--quiet', join(folder, 'tree'), 'topic');
    const made = await share(join(folder, 'tree'));
    expect(await git(made.gitDir, 'fsck', '--full', '--strict')).toBe('');
    expect(await git(made.gitDir, 'symbolic-ref', 'HEAD')).toBe('refs/heads/topic');
    expect(made.merged).toBe(true);
  });

  test('although the checkout is shallow; and is whole once that is', async () => {
    const root = await topic();
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', '--depth=1', '--branch=topic', `file://${root}`, 'shallow');
    const shallow = join(folder, 'shallow');
    const destination = join(folder, 'share');
    const made = await share(shallow, { merge: false, destination });
    expect(await git(made.gitDir, 'fsck', '--full')).toBe('');
    expect(await git(made.gitDir, 'rev-list', '--count', 'HEAD')).toBe('1');
    await cloneInGuest(made);
    await git(shallow, 'fetch', '--quiet', '--unshallow');
    await share(shallow, { merge: false, destination });
    expect(await git(made.gitDir, 'rev-list', '--count', 'HEAD')).toBe('2');
  });

  test('with SHA-256 ids', async () => {
    const root = join(await temporaryFolder(), 'project');
    await git(await temporaryFolder(), 'init', '--quiet', '--object-format=sha256', root);
    await commit(root, 'Start', { a: '1\n' });
    const made = await share(root);
    expect(made.commit).toHaveLength(64);
    expect(await git(made.gitDir, 'fsck', '--full')).toBe('');
  });

  test('a partial clone is refused, and fetches nothing behind the scenes', async () => {
    const root = await topic();
    await git(root, 'config', 'uploadpack.allowFilter', 'true');
    const folder = await temporaryFolder();
    const flags = ['--quiet', '--no-checkout', '--filter=blob:none', '--branch=main'];
    await git(folder, 'clone', ...flags, `file://${root}`, 'partial');
    const partial = join(folder, 'partial');
    const checkout = { ...(await inspectCheckout(root)), topLevel: partial, gitDir: join(partial, '.git') };
    const before = await contents(partial);
    const error = await failure(makeSourceShare(checkout, join(folder, 'share'), { merge: false }));
    expect(error).toMatchObject({ kind: 'host', code: 'source.objects-missing' });
    expect(await contents(partial)).toEqual(before);
    expect(await readdir(folder)).toEqual(['partial']);
  });
});

describe('the submodules of a share', () => {
  test('come along, nested ones too, so that the guest needs no network', async () => {
    const { root } = await nestedProject();
    const made = await share(root);
    const clone = await cloneInGuest(made);
    const modules = join(made.gitDir, 'modules');
    await git(clone, 'submodule', '--quiet', 'init');
    await git(clone, 'config', 'submodule.outer name.url', join(modules, 'outer name'));
    await git(clone, 'submodule', '--quiet', 'update');
    const outer = join(clone, 'lib/outer');
    await git(outer, 'submodule', '--quiet', 'init');
    await git(outer, 'config', 'submodule.inner.url', join(modules, 'outer name/modules/inner'));
    await git(outer, 'submodule', '--quiet', 'update');
    expect(await readFile(join(outer, 'outer.txt'), 'utf8')).toBe('outer\n');
    expect(await readFile(join(outer, 'inner/inner.txt'), 'utf8')).toBe('inner\n');
  });

  test('at a commit that no branch leads to', async () => {
    const { root } = await nestedProject();
    const sub = join(root, 'lib/outer');
    await git(sub, 'checkout', '--quiet', '--detach');
    await commit(sub, 'Nowhere', { 'outer.txt': 'nowhere\n' });
    await commit(root, 'Use it', {});
    const clone = await cloneInGuest(await share(root));
    await git(clone, 'submodule', '--quiet', 'init');
    const made = await share(root);
    await git(clone, 'config', 'submodule.outer name.url', join(made.gitDir, 'modules/outer name'));
    await git(clone, 'submodule', '--quiet', 'update');
    expect(await readFile(join(clone, 'lib/outer/outer.txt'), 'utf8')).toBe('nowhere\n');
  });

  test('that are not on this host stop the build', async () => {
    const { root } = await nestedProject();
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', root, 'clone');
    const error = await failure(share(join(folder, 'clone'), { destination: join(folder, 'share') }));
    expect(error).toMatchObject({ kind: 'host', code: 'source.submodule-missing' });
    expect(await readdir(folder)).toEqual(['clone']);
  });

  test('are those of the merged commit', async () => {
    const { root } = await nestedProject();
    await commit(root, 'Base', { 'config/base_branch': 'main\n' });
    await git(root, 'branch', 'topic');
    const sub = join(root, 'lib/outer');
    const newer = await commit(sub, 'Newer', { 'outer.txt': 'newer\n' });
    await commit(root, 'Newer submodule', {}, START + 60);
    await git(root, 'switch', '--quiet', 'topic');
    await git(root, 'submodule', '--quiet', 'update');
    await commit(root, 'Topic', { 'topic.txt': '1\n' }, START + 60);
    const made = await share(root);
    expect(made.merged).toBe(true);
    expect(await git(join(made.gitDir, 'modules/outer name'), 'rev-parse', 'HEAD')).toBe(newer);
  });
});
