/**
 * Merges the base branch inside a scratch repository, never in the person's checkout. The result
 * depends on the two commits and the name of the base branch only: anyone who repeats it gets the
 * same commit id.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MayflyError } from '../errors.js';
import { requireBaseBranch } from './base-branch.js';
import { CHANGELOG_FILE, changelogDate } from './changelog-date.js';
import type { BaseBranch, Checkout } from './checkout.js';
import { git, gitAnswer, readFileAt, type GitOptions, type Repository } from './git.js';
import { mergeTrees, requireMergeTree } from './merge-tree.js';

/** Who makes the merge commit; the same for everyone. */
const IDENTITY = { name: 'mayfly', email: 'mayfly@example.invalid' };

export type MergeOutcome =
  /** There is no base branch to merge. */
  | { readonly kind: 'none' }
  /** What is built already contains the head of the base branch. */
  | { readonly kind: 'contained'; readonly base: BaseBranch }
  | {
      readonly kind: 'merged';
      readonly base: BaseBranch;
      readonly commit: string;
      readonly shortId: string;
      /** Date of the merge commit in seconds since the epoch. */
      readonly commitDate: number;
    }
  | { readonly kind: 'conflict'; readonly base: BaseBranch; readonly files: readonly string[] };

/**
 * Merges the base branch of a checkout into its HEAD, with the objects written into `scratch`.
 * @param scratch a repository of ours that holds (or borrows) both commits
 * @throws MayflyError of kind `host`: `source.git-too-old`, `source.shallow`; of kind `refused`:
 *   `source.unrelated`; of kind `usage`: `source.base-branch-missing`, `source.changelog-date`
 */
export async function mergeBaseBranch(
  scratch: string,
  checkout: Pick<Checkout, 'commit' | 'shortId' | 'baseBranch' | 'missingBaseBranch'>,
  options: GitOptions = {},
): Promise<MergeOutcome> {
  requireBaseBranch(checkout);
  const { commit: feature, baseBranch: base } = checkout;
  if (base === undefined) return { kind: 'none' };
  const repository: Repository = { gitDir: scratch };
  if (await isAncestor(repository, base.commit, feature, options)) return { kind: 'contained', base };
  requireMergeTree(await git(repository, ['version'], options));
  await requireCommonHistory(repository, feature, base, options);

  const { tree, conflicts } = await mergeTrees(scratch, feature, base.commit, options);
  if (conflicts.length > 0) return { kind: 'conflict', base, files: conflicts };
  const commitDate = await dateOf(repository, feature, base.commit, options);
  const commit = await commitTree(repository, { tree, feature, base, commitDate }, options);
  // As long as the others: counting objects anew would depend on what the scratch repository holds.
  const short = `--short=${checkout.shortId.length}`;
  return {
    kind: 'merged',
    base,
    commit,
    shortId: await git(repository, ['rev-parse', short, commit], options),
    commitDate,
  };
}

async function isAncestor(
  repository: Repository,
  a: string,
  b: string,
  options: GitOptions,
): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', a, b];
  return (await gitAnswer(repository, args, { ...options, accept: [0, 1] })).exitCode === 0;
}

/**
 * A shallow clone may lack the best common ancestor and still have a worse one: the merge would then
 * differ from the one in a full clone. It is safe when no cut is on the way to the common ancestors.
 */
async function requireCommonHistory(
  repository: Repository & { gitDir: string },
  feature: string,
  base: BaseBranch,
  options: GitOptions,
): Promise<void> {
  const args = ['merge-base', '--all', feature, base.commit];
  const { stdout } = await gitAnswer(repository, args, { ...options, accept: [0, 1] });
  const ancestors = stdout.split('\n').filter((line) => line !== '');
  const shallow = await readFile(join(repository.gitDir, 'shallow'), 'utf8').catch(() => '');
  const cuts = new Set(shallow.split('\n').filter((line) => line !== ''));
  if (cuts.size > 0) {
    const between = await git(repository, ['rev-list', feature, base.commit, '--not', ...ancestors], options);
    if (between.split('\n').some((commit) => cuts.has(commit))) throw tooShallow(base);
  }
  if (ancestors.length > 0) return;
  throw new MayflyError(
    'refused',
    'source.unrelated',
    `The base branch ${base.name} (commit ${base.shortId}) and what is built have no commit in common.`,
    { hint: 'Correct config/base_branch, or pass --no-merge-base-branch to build without the merge.' },
  );
}

function tooShallow(base: BaseBranch): MayflyError {
  return new MayflyError(
    'host',
    'source.shallow',
    `This clone is too shallow to merge the base branch ${base.name} (commit ${base.shortId}): its history ends before the common ancestor.`,
    {
      hint: 'Fetch the rest: git fetch --unshallow. Or pass --no-merge-base-branch to build without the merge.',
    },
  );
}

/** The newest changelog entry of what is built; without one, the later of the two commits. */
async function dateOf(
  repository: Repository,
  feature: string,
  base: string,
  options: GitOptions,
): Promise<number> {
  const changelog = await readFileAt(repository, feature, CHANGELOG_FILE, options);
  const date = changelog === undefined ? undefined : changelogDate(changelog);
  if (date !== undefined) return date;
  const shown = await git(repository, ['show', '--no-patch', '--format=%ct', feature, base], options);
  return Math.max(...shown.split('\n').map(Number));
}

interface MergeCommit {
  readonly tree: string;
  readonly feature: string;
  readonly base: BaseBranch;
  readonly commitDate: number;
}

async function commitTree(repository: Repository, merge: MergeCommit, options: GitOptions): Promise<string> {
  const { tree, feature, base, commitDate } = merge;
  const date = `@${commitDate} +0000`;
  const env = {
    GIT_AUTHOR_NAME: IDENTITY.name,
    GIT_AUTHOR_EMAIL: IDENTITY.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: IDENTITY.name,
    GIT_COMMITTER_EMAIL: IDENTITY.email,
    GIT_COMMITTER_DATE: date,
  };
  const input = `Merge base branch '${base.name}'\n\nBase: ${base.commit}\nInto: ${feature}\n`;
  return await git(repository, ['commit-tree', tree, '-p', feature, '-p', base.commit], {
    ...options,
    env,
    input,
  });
}

/** What a person reads when the base branch cannot be merged. */
export function mergeConflictError(conflict: MergeOutcome & { kind: 'conflict' }): MayflyError {
  const { base, files } = conflict;
  return new MayflyError(
    'refused',
    'source.merge-conflict',
    `The base branch ${base.name} (commit ${base.shortId}) cannot be merged: ${files.length === 1 ? 'one file conflicts' : `${files.length} files conflict`}.`,
    {
      hint: `Merge it yourself and commit (git merge ${base.fullName}), or pass --no-merge-base-branch to build without the merge.`,
      details: files,
    },
  );
}
