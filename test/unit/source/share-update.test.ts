import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MERGED_REF } from '../../../src/source/share.js';
import { commit, failure, git, temporaryFolder, START } from './repository.js';
import { share, topic } from './shared.js';

describe('a second share in the same place', () => {
  test('brings new commits and refs, drops old refs, keeps objects', async () => {
    const root = await topic();
    await git(root, 'branch', 'old');
    const destination = join(await temporaryFolder(), 'share');
    const first = await share(root, { destination });
    await git(root, 'branch', '--delete', '--force', '--quiet', 'old');
    await git(root, 'branch', 'old/deeper');
    const head = await commit(root, 'More', { more: '1\n' }, START + 300);
    const second = await share(root, { destination });
    expect(second.featureCommit).toBe(head);
    expect(second.commit).not.toBe(first.commit);
    expect(await git(second.gitDir, 'rev-parse', MERGED_REF)).toBe(second.commit);
    expect(await git(second.gitDir, 'cat-file', '-t', first.commit)).toBe('commit');
    const names = await git(second.gitDir, 'for-each-ref', '--format=%(refname)', 'refs/heads');
    expect(names.split('\n')).toEqual(['refs/heads/main', 'refs/heads/old/deeper', 'refs/heads/topic']);
  });

  test('forgets a merge that is no longer wanted', async () => {
    const root = await topic();
    const destination = join(await temporaryFolder(), 'share');
    await share(root, { destination });
    const second = await share(root, { destination, merge: false });
    expect(await git(second.gitDir, 'for-each-ref', 'refs/mayfly')).toBe('');
  });

  test('leaves what was there when it fails', async () => {
    const root = await topic();
    const destination = join(await temporaryFolder(), 'share');
    const first = await share(root, { destination });
    await commit(root, 'Conflict', { 'b.txt': 'topic\n' }, START + 300);
    expect(await failure(share(root, { destination }))).toMatchObject({ code: 'source.merge-conflict' });
    expect(await git(first.gitDir, 'cat-file', '-t', first.commit)).toBe('commit');
  });

  test('goes on where a crash left a share half made', async () => {
    const root = await topic();
    const destination = join(await temporaryFolder(), 'share');
    await git(await temporaryFolder(), 'init', '--quiet', '--bare', join(destination, '.git.new'));
    const made = await share(root, { destination });
    expect(await readdir(destination)).toEqual(['.git']);
    expect(await git(made.gitDir, 'fsck', '--full')).toBe('');
  });
});
