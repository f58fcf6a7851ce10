/**
 * The share: a clone of the project that stands alone, made for one builder VM, which sees it
 * read-only. Merging happens here and not in the person's checkout.
 *
 *   <destination>/.git/                          a bare repository: refs and objects, no work tree
 *   <destination>/.git/refs/mayfly/merged        the merge with the base branch, when there was one
 *   <destination>/.git/modules/<name>/           a submodule
 *   <destination>/.git/modules/<name>/modules/…  a submodule of a submodule
 *   <destination>/.git.new/                      a share being made; renamed when it is whole
 */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MayflyError } from '../errors.js';
import type { Checkout, CommitSource, Submodule } from './checkout.js';
import { git, gitAnswer, type GitOptions, type Repository } from './git.js';
import { makeFolder } from './made-folder.js';
import { mergeBaseBranch, mergeConflictError, type MergeOutcome } from './merge.js';
import { markOf, mirrorRepository } from './store.js';
import { listSubmodules, requireSubmodules } from './submodules.js';

/** Keeps the merge commit reachable, so that any way of fetching from the share can get it. */
export const MERGED_REF = 'refs/mayfly/merged';

export interface SourceShare extends CommitSource {
  /** The folder to share with the VM. */
  readonly directory: string;
  readonly gitDir: string;
  /** What is built: the merge commit, or HEAD of the checkout. */
  readonly commit: string;
  /** HEAD of the checkout, before any merge. */
  readonly featureCommit: string;
  /** Head of the base branch; undefined when there is none or no merge was asked for. */
  readonly baseCommit: string | undefined;
  /** True when `commit` is a merge made here. */
  readonly merged: boolean;
  /** Date of `commit` in seconds since the epoch. */
  readonly commitDate: number;
  readonly shortIds: {
    readonly commit: string;
    readonly featureCommit: string;
    readonly baseCommit: string | undefined;
  };
}

export interface ShareOptions {
  /** Whether to merge the base branch. */
  readonly merge: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the share, or brings an existing one up to date: new commits and refs arrive, refs that are
 * gone go, objects stay (a guest may be using them). What a failure leaves half made is removed.
 * @throws MayflyError `source.merge-conflict`, `source.not-a-share` (refused),
 *   `source.submodule-missing`, `source.objects-missing` (host), and as mergeBaseBranch does
 */
export async function makeSourceShare(
  checkout: Checkout,
  destination: string,
  options: ShareOptions,
): Promise<SourceShare> {
  const directory = resolve(destination);
  const gitDir = join(directory, '.git');
  if (await requireFreeOrOurs(directory, gitDir, options))
    return await fill(checkout, directory, gitDir, options);

  const made = await makeFolder(directory);
  const staging = join(directory, '.git.new');
  try {
    await rm(staging, { recursive: true, force: true });
    const share = await fill(checkout, directory, staging, options);
    await rename(staging, gitDir);
    return { ...share, gitDir };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    await made.undo();
    throw error;
  }
}

/** @returns true when there is a share already */
async function requireFreeOrOurs(directory: string, gitDir: string, options: GitOptions): Promise<boolean> {
  const present = (await stat(gitDir).catch(() => undefined)) !== undefined;
  if (present && (await markOf(gitDir, options)) === 'ours') return true;
  const names = await readdir(directory).catch(() => []);
  if (!present && names.every((name) => name === '.git.new')) return false;
  throw new MayflyError(
    'refused',
    'source.not-a-share',
    `${directory} is not empty and was not made by mayfly, so nothing is written there.`,
    { hint: 'Name a folder that is empty or does not exist.' },
  );
}

async function fill(
  checkout: Checkout,
  directory: string,
  gitDir: string,
  options: ShareOptions,
): Promise<SourceShare> {
  const { ref, commit: featureCommit } = checkout;
  const onBranch = ref.kind === 'branch';
  await mirrorRepository(
    {
      from: checkout.gitDir,
      to: gitDir,
      head: onBranch ? { branch: ref.fullName } : { commit: featureCommit },
      // The branch may have moved on since the checkout was inspected.
      pinned: new Map(onBranch ? [[ref.fullName, featureCommit]] : []),
    },
    options,
  );
  const repository: Repository = { gitDir };
  await requireComplete(repository, featureCommit, checkout.topLevel, options);
  const outcome = await mergeInto(gitDir, checkout, options);
  const commit = outcome.kind === 'merged' ? outcome.commit : featureCommit;
  await mirrorSubmodules(checkout, gitDir, commit, options);

  const base = outcome.kind === 'none' ? undefined : outcome.base;
  const shortCommit = outcome.kind === 'merged' ? outcome.shortId : checkout.shortId;
  return {
    directory,
    gitDir,
    commit,
    featureCommit,
    baseCommit: base?.commit,
    merged: outcome.kind === 'merged',
    commitDate: outcome.kind === 'merged' ? outcome.commitDate : checkout.commitDate,
    shortIds: { commit: shortCommit, featureCommit: checkout.shortId, baseCommit: base?.shortId },
  };
}

type Merged = Exclude<MergeOutcome, { kind: 'conflict' }>;

async function mergeInto(gitDir: string, checkout: Checkout, options: ShareOptions): Promise<Merged> {
  const outcome: MergeOutcome = options.merge
    ? await mergeBaseBranch(gitDir, checkout, options)
    : { kind: 'none' };
  if (outcome.kind === 'conflict') throw mergeConflictError(outcome);
  const args = outcome.kind === 'merged' ? [MERGED_REF, outcome.commit] : ['-d', MERGED_REF];
  await git({ gitDir }, ['update-ref', ...args], options);
  return outcome;
}

async function mirrorSubmodules(
  checkout: Checkout,
  gitDir: string,
  commit: string,
  options: GitOptions,
): Promise<void> {
  const submodules =
    commit === checkout.commit
      ? checkout.submodules
      : await listSubmodules({ gitDir }, commit, checkout, options);
  requireSubmodules(submodules, commit, checkout.commit);
  for (const submodule of submodules) {
    if (submodule.gitDir === undefined || !submodule.initialised) continue;
    const to = storePath(gitDir, submodule);
    await mirrorRepository({ from: submodule.gitDir, to, head: { commit: submodule.commit } }, options);
    await requireComplete({ gitDir: to }, submodule.commit, submodule.path, options);
  }
}

/** Where git keeps the repository of a submodule: `modules/<name>`, nested as the submodules are. */
function storePath(gitDir: string, submodule: Submodule): string {
  return join(gitDir, ...submodule.names.flatMap((name) => ['modules', name]));
}

/** A partial clone, or one that git was tidying up, may lack files of the very commit to build. */
async function requireComplete(
  repository: Repository,
  commit: string,
  what: string,
  options: GitOptions,
): Promise<void> {
  const args = ['rev-list', '--objects', '--no-walk', '--quiet', commit];
  try {
    await gitAnswer(repository, args, options);
  } catch (error) {
    if (!(error instanceof MayflyError) || error.code !== 'command.failed') throw error;
    throw new MayflyError(
      'host',
      'source.objects-missing',
      `The repository of ${what} does not hold all files of commit ${commit}, and the builder VM cannot fetch them.`,
      {
        hint: 'If it is a partial clone, fetch everything: git fetch --refetch --no-filter. Otherwise look for damage: git fsck.',
        details: error.details,
        cause: error,
      },
    );
  }
}
