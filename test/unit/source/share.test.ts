import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { inspectCheckout } from '../../../src/source/inspect.js';
import { previewMerge } from '../../../src/source/preview.js';
import { makeSourceShare, MERGED_REF } from '../../../src/source/share.js';
import { commit, contents, failure, git, repository, temporaryFolder, write, START } from './repository.js';
import { cloneInGuest, share, topic } from './shared.js';

describe('makeSourceShare', () => {
  test('without a merge, is HEAD of the checkout', async () => {
    const root = await topic();
    const made = await share(root, { merge: false });
    const head = await git(root, 'rev-parse', 'HEAD');
    expect(made).toEqual({
      directory: made.directory,
      gitDir: join(made.directory, '.git'),
      commit: head,
      featureCommit: head,
      baseCommit: undefined,
      merged: false,
      commitDate: START + 60,
      shortIds: { commit: head.slice(0, 7), featureCommit: head.slice(0, 7), baseCommit: undefined },
    });
    expect(await readdir(made.directory)).toEqual(['.git']);
    const clone = await cloneInGuest(made);
    expect(await readFile(join(clone, 'b.txt'), 'utf8')).toBe('b\n');
  });

  test('merges the base branch, as the preview said', async () => {
    const root = await topic();
    const made = await share(root);
    expect(await previewMerge(await inspectCheckout(root))).toMatchObject({
      commit: made.commit,
      shortId: made.shortIds.commit,
      commitDate: made.commitDate,
    });
    expect(made).toMatchObject({
      merged: true,
      featureCommit: await git(root, 'rev-parse', 'topic'),
      baseCommit: await git(root, 'rev-parse', 'main'),
      commitDate: START + 120,
    });
    expect(await git(made.gitDir, 'rev-parse', MERGED_REF)).toBe(made.commit);
    expect(await git(made.gitDir, 'show', '-s', '--format=%P', made.commit)).toBe(
      `${made.featureCommit} ${made.baseCommit ?? ''}`,
    );
    const clone = await cloneInGuest(made);
    expect(await readFile(join(clone, 'a.txt'), 'utf8')).toBe('changed by topic\n');
    expect(await readFile(join(clone, 'b.txt'), 'utf8')).toBe('changed by main\n');
  });

  test('two shares of the same commits are of the same merge', async () => {
    const root = await topic();
    expect((await share(root)).commit).toBe((await share(root)).commit);
  });

  test('writes nothing into the checkout', async () => {
    const root = await topic();
    const before = await contents(root);
    await share(root);
    expect(await contents(root)).toEqual(before);
  });

  test('has all branches and tags, and nothing else of the person', async () => {
    const origin = await topic();
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', '--branch=topic', origin, 'clone');
    const root = join(folder, 'clone');
    await git(root, 'tag', '--annotate', '--message', 'x', 'v1', 'HEAD~1');
    await git(root, 'config', 'remote.origin.url', 'https://ada:secret@example.org/x.git');
    await git(root, 'notes', 'add', '--message', 'private');
    await git(root, 'update-ref', 'refs/private/x', 'HEAD');
    await writeFile(join(root, '.git/hooks/post-checkout'), 'exit 1\n', { mode: 0o755 });
    const made = await share(root);
    const names = await git(made.gitDir, 'for-each-ref', '--format=%(refname)');
    expect(names.split('\n')).toEqual([
      'refs/heads/topic',
      'refs/mayfly/merged',
      'refs/remotes/origin/HEAD',
      'refs/remotes/origin/main',
      'refs/remotes/origin/topic',
      'refs/tags/v1',
    ]);
    expect(await git(made.gitDir, 'symbolic-ref', 'refs/remotes/origin/HEAD')).toBe(
      'refs/remotes/origin/topic',
    );
    expect(await git(made.gitDir, 'symbolic-ref', 'HEAD')).toBe('refs/heads/topic');
    expect(await git(made.gitDir, 'rev-parse', 'v1')).toBe(await git(root, 'rev-parse', 'v1'));
    const config = await readFile(join(made.gitDir, 'config'), 'utf8');
    expect(config).not.toMatch(/url|remote|secret/);
    expect(await readdir(made.gitDir)).not.toEqual(expect.arrayContaining(['hooks']));
    expect(await readdir(made.gitDir)).not.toEqual(expect.arrayContaining(['logs']));
  });

  test('shares object files with the checkout', async () => {
    const root = await topic();
    const head = await git(root, 'rev-parse', 'HEAD');
    const made = await share(root);
    const object = join('objects', head.slice(0, 2), head.slice(2));
    expect((await stat(join(made.gitDir, object))).ino).toBe((await stat(join(root, '.git', object))).ino);
  });

  test('a tag that is checked out is HEAD, detached', async () => {
    const root = await topic();
    await git(root, 'tag', '1.0');
    await git(root, 'checkout', '--quiet', '1.0');
    const made = await share(root);
    expect(made.merged).toBe(false);
    expect(await git(made.gitDir, 'rev-parse', '--symbolic-full-name', 'HEAD')).toBe('HEAD');
    expect(await git(made.gitDir, 'rev-parse', 'HEAD')).toBe(made.commit);
  });

  test('a branch that moved on meanwhile is shared as it was inspected', async () => {
    const root = await topic();
    const checkout = await inspectCheckout(root);
    await commit(root, 'Meanwhile', { x: '1\n' });
    const made = await makeSourceShare(checkout, join(await temporaryFolder(), 'share'), { merge: false });
    expect(await git(made.gitDir, 'rev-parse', 'refs/heads/topic')).toBe(checkout.commit);
  });
});

describe('what it refuses', () => {
  test('a conflict; and leaves nothing behind', async () => {
    const root = await topic();
    await commit(root, 'Conflict', { 'b.txt': 'topic\n' }, START + 300);
    const folder = await temporaryFolder();
    const error = await failure(share(root, { destination: join(folder, 'a/b/share') }));
    expect(error).toMatchObject({ kind: 'refused', code: 'source.merge-conflict', details: ['b.txt'] });
    expect(await readdir(folder)).toEqual([]);
    await share(root, { merge: false, destination: join(folder, 'a/b/share') });
  });

  test('a folder that is something else, such as the checkout itself', async () => {
    const root = await topic();
    const before = await contents(root);
    expect(await failure(share(root, { destination: root }))).toMatchObject({ code: 'source.not-a-share' });
    expect(await contents(root)).toEqual(before);
    const other = await repository(join(await temporaryFolder(), 'other'));
    expect(await failure(share(root, { destination: join(other, '.git') }))).toMatchObject({
      kind: 'refused',
      code: 'source.not-a-share',
    });
  });

  test('a failure takes back the folders it made, but not what others put there', async () => {
    const root = await topic();
    await commit(root, 'Conflict', { 'b.txt': 'topic\n' }, START + 300);
    const folder = await temporaryFolder();
    const conflict = failure(share(root, { destination: join(folder, 'a/b/share') }));
    await vi.waitUntil(() => existsSync(join(folder, 'a/b/share')), { timeout: 5000, interval: 1 });
    await write(folder, 'a/other', 'theirs');
    await conflict;
    expect([...(await contents(folder)).keys()]).toEqual(['a/', 'a/other']);
  });

  test('an interruption leaves nothing behind', async () => {
    const checkout = await inspectCheckout(await topic());
    const folder = await temporaryFolder();
    const made = makeSourceShare(checkout, join(folder, 'share'), {
      merge: true,
      signal: AbortSignal.timeout(30),
    });
    expect((await failure(made)).kind).toBe('interrupted');
    expect(await readdir(folder)).toEqual([]);
  });
});
