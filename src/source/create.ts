/** A new repository with one commit: what `mayfly init` makes. */
import { git, type GitOptions } from './git.js';

/** Used where the person has told git no name. */
const AUTHOR = { name: 'mayfly', email: 'mayfly@localhost' };

/** Makes a repository of a folder's files, all in one commit on the branch `main`. @returns the commit's short id */
export async function createRepository(
  folder: string,
  message: string,
  options: GitOptions = {},
): Promise<string> {
  const at = { workTree: folder };
  await git(at, ['init', '--quiet', '--initial-branch=main', '--template=', '.'], options);
  await git(at, ['add', '--all', '.'], options);
  const identity = ['-c', `user.name=${AUTHOR.name}`, '-c', `user.email=${AUTHOR.email}`];
  await git(at, [...identity, 'commit', '--quiet', '--no-gpg-sign', '--message', message], options);
  return await git(at, ['rev-parse', '--short', 'HEAD'], options);
}
