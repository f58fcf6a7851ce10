/** Reads a checkout: where it is, what is checked out, what is dirty, what is to be merged. Writes nothing. */
import { MayflyError } from '../errors.js';
import { askedBase, askedCommit, askedRef, type AskedSource } from './asked.js';
import { findBaseBranch } from './base-branch.js';
import type { Checkout, SourceRef } from './checkout.js';
import { findDirty } from './dirty.js';
import { git, gitAnswer, gitMaybe, shortRefName, type GitOptions, type Repository } from './git.js';
import { findPlaces } from './places.js';
import { listSubmodules } from './submodules.js';

export interface InspectOptions {
  /** What is to be built in place of what is checked out. */
  readonly asked?: AskedSource | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Describes the checkout that a folder belongs to. The folder may be a subfolder, a worktree, a
 * shallow clone, or a clone with alternates.
 * @throws MayflyError of kind `usage`: `source.not-a-repository`, `source.bare`, `source.no-commits`,
 *   `source.base-branch-unknown`, `source.commit-unknown`, `source.ref-invalid`; of kind `refused`: `source.detached`, `source.submodule-name`
 */
export async function inspectCheckout(directory: string, options: InspectOptions = {}): Promise<Checkout> {
  const places = await findPlaces(directory, options);
  const repository: Repository = { workTree: places.topLevel };
  const head = await readHead(repository, places.topLevel, options);
  const [releaseTag, branch] = await Promise.all([
    findReleaseTag(repository, head.commit, options),
    findBranch(repository, options),
  ]);
  const { asked } = options;
  const checkedOut = branch ?? tagRef(releaseTag) ?? refuseDetached(places.topLevel, head.shortId);
  const ref =
    asked?.ref === undefined ? checkedOut : await askedRef(repository, asked.ref, checkedOut, options);
  const question = { repository, commit: head.commit, ref, releaseTag };
  const [base, dirty, submodules] = await Promise.all([
    findBaseBranch(question, options),
    findDirty(repository, options),
    listSubmodules(repository, head.commit, places, options),
  ]);
  const found = { ...places, ref, ...head, releaseTag, dirty, submodules, ...base };
  if (asked?.baseCommit === undefined) return found;
  const id = await askedCommit(repository, 'BASE_BRANCH_GIT_COMMIT', asked.baseCommit, options);
  const name = base.baseBranch?.name ?? base.missingBaseBranch;
  const baseBranch = name === undefined ? undefined : await askedBase(repository, name, id, options);
  return { ...found, baseBranch, missingBaseBranch: undefined, baseHead: id };
}

type Head = Pick<Checkout, 'commit' | 'shortId' | 'commitDate'>;

async function readHead(repository: Repository, workTree: string, options: InspectOptions): Promise<Head> {
  const wanted = options.asked?.commit;
  const asked = wanted === undefined ? 'HEAD' : await askedCommit(repository, 'GIT_COMMIT', wanted, options);
  // `%h` abbreviates as `git rev-parse --short` does; `%ct` is in seconds since the epoch.
  const show = ['show', '--no-patch', '--format=%H %h %ct', `${asked}^{commit}`, '--'];
  const shown = await gitMaybe(repository, show, options);
  if (shown === undefined) {
    throw new MayflyError(
      'usage',
      'source.no-commits',
      `The checkout ${workTree} has no commit to build yet.`,
      {
        hint: 'Commit the files of the project first.',
      },
    );
  }
  const [commit = '', shortId = commit, date] = shown.split(' ');
  return { commit, shortId, commitDate: Number(date) };
}

async function findBranch(repository: Repository, options: GitOptions): Promise<SourceRef | undefined> {
  const { stdout, exitCode } = await gitAnswer(repository, ['symbolic-ref', '--quiet', 'HEAD'], {
    ...options,
    accept: [0, 1],
  });
  if (exitCode !== 0) return undefined;
  const fullName = stdout.trimEnd();
  return { kind: 'branch', name: shortRefName(fullName), fullName };
}

/** When several tags are at HEAD: an annotated one before a light one, then the newest, as git-describe(1) does. */
async function findReleaseTag(
  repository: Repository,
  commit: string,
  options: GitOptions,
): Promise<string | undefined> {
  const format = '--format=%(objecttype) %(creatordate:unix) %(refname)';
  const args = ['for-each-ref', `--points-at=${commit}`, format, 'refs/tags'];
  return chooseTag(await git(repository, args, options));
}

/** Reads lines of object type, date in seconds since the epoch, and full name. */
export function chooseTag(lines: string): string | undefined {
  const tags = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [type, date, fullName = ''] = line.split(' ');
      return { annotated: type === 'tag' ? 1 : 0, date: Number(date), fullName };
    });
  tags.sort((a, b) => b.annotated - a.annotated || b.date - a.date || (a.fullName < b.fullName ? -1 : 1));
  const [first] = tags;
  return first === undefined ? undefined : shortRefName(first.fullName);
}

function tagRef(name: string | undefined): SourceRef | undefined {
  return name === undefined ? undefined : { kind: 'tag', name, fullName: `refs/tags/${name}` };
}

function refuseDetached(workTree: string, shortId: string): never {
  throw new MayflyError(
    'refused',
    'source.detached',
    `The checkout ${workTree} is at commit ${shortId}, which is neither on a branch that is checked out nor tagged, so the build would have no name.`,
    {
      hint: 'Check out a branch (git switch <branch>, or git switch --create <name> for a new one) or a tag.',
    },
  );
}
