import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { firstLine } from '../../../src/source/base-branch.js';
import { inspectCheckout } from '../../../src/source/inspect.js';
import { previewMerge } from '../../../src/source/preview.js';
import { makeSourceShare } from '../../../src/source/share.js';
import {
  commit,
  failure,
  git,
  repository,
  START,
  temporaryFolder,
  topicRepository,
  write,
} from './repository.js';

async function topic(): Promise<string> {
  return await topicRepository(join(await temporaryFolder(), 'project'));
}

test('firstLine', () => {
  expect(firstLine(' stable \r\n# why\n')).toBe('stable');
  expect(firstLine('')).toBe('');
});

describe('the base branch of a checkout', () => {
  test('is none without config/base_branch', async () => {
    const root = await repository(join(await temporaryFolder(), 'project'));
    expect((await inspectCheckout(root)).baseBranch).toBeUndefined();
  });

  test('is the local branch when there is no remote-tracking one', async () => {
    const root = await topic();
    const id = await git(root, 'rev-parse', 'main');
    expect((await inspectCheckout(root)).baseBranch).toEqual({
      name: 'main',
      fullName: 'refs/heads/main',
      commit: id,
      shortId: id.slice(0, 7),
    });
  });

  test('is origin/<name> when there is one, whatever the local branch is', async () => {
    const folder = await temporaryFolder();
    const origin = await topic();
    const clone = join(folder, 'clone');
    await git(folder, 'clone', '--quiet', '--branch=topic', origin, 'clone');
    await git(clone, 'branch', 'main', 'topic');
    const { baseBranch } = await inspectCheckout(clone);
    expect(baseBranch?.fullName).toBe('refs/remotes/origin/main');
    expect(baseBranch?.commit).toBe(await git(origin, 'rev-parse', 'main'));
  });

  test('is read from the commit, not from the work tree', async () => {
    const root = await topic();
    await write(root, 'config/base_branch', 'nonsense\n');
    expect((await inspectCheckout(root)).baseBranch?.name).toBe('main');
  });

  test('is none on the base branch itself', async () => {
    const root = await topic();
    await git(root, 'switch', '--quiet', 'main');
    expect((await inspectCheckout(root)).baseBranch).toBeUndefined();
  });

  test('is none when releasing', async () => {
    const root = await topic();
    await git(root, 'tag', '1.0');
    expect((await inspectCheckout(root)).baseBranch).toBeUndefined();
  });
});

describe('errors', () => {
  test.each(['', '\nmain\n', 'main^{/x}\n', 'main~1\n', 'two words\n'])(
    'no name of a branch: %j',
    async (text) => {
      const root = await topic();
      await commit(root, 'Wrong', { 'config/base_branch': text }, START + 60);
      expect(await failure(inspectCheckout(root))).toMatchObject({
        kind: 'usage',
        code: 'source.base-branch-unknown',
      });
    },
  );

  test('a branch that is nowhere stops a merge, and nothing else', async () => {
    const root = await topic();
    await commit(root, 'Wrong', { 'config/base_branch': 'devel\n' }, START + 60);
    const checkout = await inspectCheckout(root);
    expect(checkout).toMatchObject({ baseBranch: undefined, missingBaseBranch: 'devel' });
    const error = await failure(previewMerge(checkout));
    expect(error).toMatchObject({ kind: 'usage', code: 'source.base-branch-missing' });
    expect(error.message).toContain('refs/remotes/origin/devel');
    expect(error.hint).toContain('git fetch origin');
    const share = await makeSourceShare(checkout, join(await temporaryFolder(), 'share'), { merge: false });
    expect(share.commit).toBe(checkout.commit);
  });
});
