/** What somebody else has decided to build: a CI system that names ref, commit and head of the base branch. */
import { MayflyError } from '../errors.js';
import type { BaseBranch, SourceRef } from './checkout.js';
import { gitMaybe, type GitOptions, type Repository } from './git.js';

export interface AskedSource {
  /** Branch or tag: the name of what is built, in place of the one that is checked out. */
  readonly ref?: string | undefined;
  /** In place of HEAD. */
  readonly commit?: string | undefined;
  /** What is merged, in place of the newest commit of the base branch. */
  readonly baseCommit?: string | undefined;
}

/** What CI systems call it. An empty variable is one that is not set. */
export function askedByVariables(env: Readonly<Record<string, string | undefined>>): AskedSource {
  const variable = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  return {
    ref: variable('GIT_REF'),
    commit: variable('GIT_COMMIT'),
    baseCommit: variable('BASE_BRANCH_GIT_COMMIT'),
  };
}

/**
 * The full id of a commit that a variable names.
 * @throws MayflyError `source.commit-unknown` (usage)
 */
export async function askedCommit(
  repository: Repository,
  variable: string,
  id: string,
  options: GitOptions,
): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', `${id}^{commit}`];
  // Anything but an id could mean another commit tomorrow.
  const commit = /^[0-9a-f]{4,64}$/i.test(id) ? await gitMaybe(repository, args, options) : undefined;
  if (commit !== undefined) return commit;
  throw new MayflyError(
    'usage',
    'source.commit-unknown',
    `${variable} names ${JSON.stringify(id)}, which is no commit of this clone.`,
    { hint: `Fetch it (git fetch origin), or unset ${variable}.` },
  );
}

/** @throws MayflyError `source.ref-invalid` (usage) */
export async function askedRef(
  repository: Repository,
  name: string,
  checkedOut: SourceRef,
  options: GitOptions,
): Promise<SourceRef> {
  if (name === checkedOut.name) return checkedOut;
  const branch = `refs/heads/${name}`;
  if ((await gitMaybe(repository, ['check-ref-format', branch], options)) === undefined) {
    throw new MayflyError(
      'usage',
      'source.ref-invalid',
      `GIT_REF is ${JSON.stringify(name)}, no name of a branch.`,
      {
        hint: 'Set it to the branch or tag that is to be built, or unset it.',
      },
    );
  }
  const exists = async (ref: string): Promise<boolean> =>
    (await gitMaybe(repository, ['rev-parse', '--verify', '--quiet', ref], options)) !== undefined;
  const tag = `refs/tags/${name}`;
  if (!(await exists(branch)) && (await exists(tag))) return { kind: 'tag', name, fullName: tag };
  return { kind: 'branch', name, fullName: branch };
}

/** The base branch at the commit that was asked for. @param commit as askedCommit has found it */
export async function askedBase(
  repository: Repository,
  name: string,
  commit: string,
  options: GitOptions,
): Promise<BaseBranch> {
  const shortId = await gitMaybe(repository, ['rev-parse', '--short', commit], options);
  return { name, fullName: commit, commit, shortId: shortId ?? commit };
}
