import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectCheckout } from '../../../src/source/inspect.js';
import { mergeConflictError, type MergeOutcome } from '../../../src/source/merge.js';
import { requireMergeTree } from '../../../src/source/merge-tree.js';
import { previewMerge, withPreview } from '../../../src/source/preview.js';
import {
  commit,
  contents,
  failure,
  git,
  repository,
  START,
  temporaryFolder,
  topicRepository,
  write,
} from './repository.js';

async function topic(files?: Record<string, string>): Promise<string> {
  return await topicRepository(join(await temporaryFolder(), 'project'), files);
}

async function preview(root: string): Promise<MergeOutcome> {
  return await previewMerge(await inspectCheckout(root));
}

function merged(outcome: MergeOutcome): MergeOutcome & { kind: 'merged' } {
  if (outcome.kind === 'merged') return outcome;
  throw new Error(`Expected a merge, got: ${outcome.kind}`);
}

describe('previewMerge', () => {
  test('is none without a base branch', async () => {
    const root = await repository(join(await temporaryFolder(), 'project'));
    expect(await preview(root)).toEqual({ kind: 'none' });
  });

  test('a base branch that is already contained is not merged again', async () => {
    const root = await topic();
    await git(root, 'merge', '--quiet', '--no-edit', 'main');
    expect(await preview(root)).toMatchObject({ kind: 'contained', base: { name: 'main' } });
  });

  test('the same commits give the same merge, in any clone, at any time, for anyone', async () => {
    const first = await topic();
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', '--branch=topic', first, 'second');
    const second = join(folder, 'second');
    await git(second, 'config', 'user.name', 'Someone Else');
    await git(second, 'config', 'merge.renames', 'false');
    await git(second, 'config', 'i18n.commitEncoding', 'latin1');
    const one = merged(await preview(first));
    const two = merged(await preview(second));
    expect(two.commit).toBe(one.commit);
    expect(one.commitDate).toBe(START + 120);
    expect(one.shortId).toBe(one.commit.slice(0, 7));
    // The id itself: another one here means that images of old commits get other dates and ids.
    expect(one.commit).toBe('3b2232d6e3a93476c7eff82cd14605029ee48d49');
  });

  test('the changelog dates it', async () => {
    const trailer = ' -- Ada <ada@example.org>  Mon, 11 Oct 2021 14:00:01 +0200\n';
    const root = await topic({ 'debian/changelog': `x (1) unstable\n\n${trailer}` });
    expect(merged(await preview(root)).commitDate).toBe(START + 1);
  });

  test('a conflict names the files', async () => {
    const root = await topic();
    await commit(root, 'Also b', { 'b.txt': 'changed by topic\n', 'ü b.txt': 'topic\n' }, START + 180);
    await git(root, 'switch', '--quiet', 'main');
    await commit(root, 'Also ü', { 'ü b.txt': 'main\n' }, START + 180);
    await git(root, 'switch', '--quiet', 'topic');
    const outcome = await preview(root);
    expect(outcome).toMatchObject({ kind: 'conflict', files: ['b.txt', 'ü b.txt'] });
    if (outcome.kind !== 'conflict') return;
    const error = mergeConflictError(outcome);
    expect(error).toMatchObject({
      kind: 'refused',
      code: 'source.merge-conflict',
      details: ['b.txt', 'ü b.txt'],
    });
    expect(error.message).toContain('main');
    expect(error.hint).toContain('--no-merge-base-branch');
  });

  test('attributes in the commit rule the merge, as they do for the person', async () => {
    const root = await topic({ 'deep/.gitattributes': '*.log merge=union\n', 'deep/x.log': 'start\n' });
    await commit(root, 'Topic', { 'deep/x.log': 'start\ntopic\n' }, START + 180);
    await git(root, 'switch', '--quiet', 'main');
    await commit(root, 'Main', { 'deep/x.log': 'start\nmain\n' }, START + 180);
    await git(root, 'switch', '--quiet', 'topic');
    const checkout = await inspectCheckout(root);
    const text = await withPreview(checkout, { merge: true }, ({ gitDir, commit: id }) =>
      git(gitDir, 'cat-file', 'blob', `${id}:deep/x.log`),
    );
    expect(text).toBe('start\ntopic\nmain');
  });

  test('drivers and attributes that only this clone has do not', async () => {
    const root = await topic();
    const before = merged(await preview(root));
    await git(root, 'config', 'merge.evil.driver', 'false');
    await write(root, '.git/info/attributes', '* merge=evil\n');
    expect(merged(await preview(root)).commit).toBe(before.commit);
  });

  test('writes nothing into the checkout and leaves nothing behind', async () => {
    const root = await topic();
    const before = await contents(root);
    await preview(root);
    expect(await contents(root)).toEqual(before);
    const scratch = await temporaryFolder();
    await previewMerge(await inspectCheckout(root), { scratch });
    expect(await readdir(scratch)).toEqual([]);
  });

  test('works in a worktree and in a clone with alternates', async () => {
    const root = await topic();
    const expected = merged(await preview(root)).commit;
    const folder = await temporaryFolder();
    await git(folder, 'clone', '--quiet', '--shared', '--branch=topic', root, 'shared');
    expect(merged(await preview(join(folder, 'shared'))).commit).toBe(expected);
    await git(root, 'switch', '--quiet', 'main');
    await git(root, 'worktree', 'add', '--quiet', join(folder, 'tree'), 'topic');
    expect(merged(await preview(join(folder, 'tree'))).commit).toBe(expected);
  });
});

describe('a shallow clone', () => {
  async function clone(root: string, depth: number): Promise<string> {
    const folder = await temporaryFolder();
    const flags = ['--quiet', `--depth=${depth}`, '--no-single-branch', '--branch=topic'];
    await git(folder, 'clone', ...flags, `file://${root}`, 'clone');
    return join(folder, 'clone');
  }

  test('gives the same merge when it reaches the common ancestor', async () => {
    const root = await topic();
    const shallow = await clone(root, 2);
    expect(merged(await preview(shallow)).commit).toBe(merged(await preview(root)).commit);
  });

  test('is refused when it does not', async () => {
    const error = await failure(preview(await clone(await topic(), 1)));
    expect(error).toMatchObject({ kind: 'host', code: 'source.shallow' });
    expect(error.hint).toContain('git fetch --unshallow');
  });

  test('is refused when a better common ancestor may be beyond the cut', async () => {
    const root = await topic();
    // Topic reaches main's newest commit by a long way round, and an older one by a short way.
    await git(root, 'switch', '--quiet', '--create', 'long', 'main');
    for (const name of ['1', '2', '3']) await commit(root, name, { [name]: name }, START + 200);
    await git(root, 'switch', '--quiet', 'main');
    await commit(root, 'Newest', { newest: '1' }, START + 300);
    await git(root, 'switch', '--quiet', 'topic');
    await git(root, 'merge', '--quiet', '--no-edit', 'long');
    expect((await preview(root)).kind).toBe('merged');
    expect(await failure(preview(await clone(root, 3)))).toMatchObject({ code: 'source.shallow' });
  });
});

test('histories without a common commit are refused', async () => {
  const root = await topic();
  await git(root, 'switch', '--quiet', '--orphan', 'lonely');
  await commit(root, 'Lonely', { 'config/base_branch': 'main\n' });
  expect(await failure(preview(root))).toMatchObject({ kind: 'refused', code: 'source.unrelated' });
});

describe('the version of git', () => {
  test.each(['git version 2.38.0', 'git version 2.39.5 (Apple Git-154)', 'git version 3.0.rc1'])(
    '%s',
    (version) => {
      expect(() => requireMergeTree(version)).not.toThrow();
    },
  );

  test.each(['git version 2.37.9', 'git version 1.99', 'what?'])('too old: %s', async (version) => {
    const error = await failure(Promise.resolve().then(() => requireMergeTree(version)));
    expect(error).toMatchObject({ kind: 'host', code: 'source.git-too-old' });
    expect(error.message).toContain(version);
    expect(error.hint).toContain('--no-merge-base-branch');
  });
});
