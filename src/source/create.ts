/** A new repository with one commit: what `mayfly init` makes. */
import { git, gitMaybe, type GitOptions } from './git.js';

interface Identity {
  readonly name: string;
  readonly email: string;
}

/** Used where the person has told git no name. */
const AUTHOR: Identity = { name: 'mayfly', email: 'mayfly@localhost' };

/** Makes a repository of a folder's files, all in one commit on the branch `main`. @returns the commit's short id */
export async function createRepository(
  folder: string,
  message: string,
  options: GitOptions = {},
): Promise<string> {
  const at = { workTree: folder };
  await git(at, ['init', '--quiet', '--initial-branch=main', '--template=', '.'], options);
  await git(at, ['add', '--all', '.'], options);
  const identity = await personalIdentity(folder, options);
  const settings = ['-c', `user.name=${identity.name}`, '-c', `user.email=${identity.email}`];
  await git(at, [...settings, 'commit', '--quiet', '--no-gpg-sign', '--message', message], options);
  return await git(at, ['rev-parse', '--short', 'HEAD'], options);
}

/** The name that the person's own configuration tells git: the only question that it answers for us. */
async function personalIdentity(folder: string, options: GitOptions): Promise<Identity> {
  const env = {
    XDG_CONFIG_HOME: process.env['XDG_CONFIG_HOME'],
    ...options.env,
    GIT_CONFIG_GLOBAL: undefined,
    GIT_CONFIG_NOSYSTEM: undefined,
  };
  const ask = async (key: string): Promise<string | undefined> =>
    await gitMaybe({ workTree: folder }, ['config', '--get', key], { ...options, env });
  const [name, email] = [await ask('user.name'), await ask('user.email')];
  return name === undefined || email === undefined || name === '' ? AUTHOR : { name, email };
}
