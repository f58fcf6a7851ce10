/** Reads a checkout: where it is, what is checked out, what is dirty, what is to be merged. Writes nothing. */
import { stat } from 'node:fs/promises';
import { MayflyError } from '../errors.js';
import { askedBase, askedCommit, askedRef, type AskedSource } from './asked.js';
import { findBaseBranch, headOfBase } from './base-branch.js';
import type { Checkout, SourceRef } from './checkout.js';
import { findDirty } from './dirty.js';
import { git, gitAnswer, gitMaybe, shortRefName, type GitOptions, type Repository } from './git.js';
import { listSubmodules } from './submodules.js';

export interface InspectOptions {
  /** The names that `config/base_branch` may hold; any when undefined. */
  readonly baseBranches?: readonly string[] | undefined;
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
  const repository: Repository = { workTree: places.workTree };
  const head = await readHead(repository, places.workTree, options);
  const [releaseTag, branch] = await Promise.all([
    findReleaseTag(repository, head.commit, options),
    findBranch(repository, options),
  ]);
  const { asked } = options;
  const checkedOut = branch ?? tagRef(releaseTag) ?? refuseDetached(places.workTree, head.shortId);
  const ref =
    asked?.ref === undefined ? checkedOut : await askedRef(repository, asked.ref, checkedOut, options);
  const question = { repository, commit: head.commit, ref, releaseTag, allowed: options.baseBranches };
  const [base, baseHead, dirty, submodules] = await Promise.all([
    findBaseBranch(question, options),
    headOfBase(question, options),
    findDirty(repository, options),
    listSubmodules(repository, head.commit, places, options),
  ]);
  const { workTree: topLevel, gitDir, commonDir } = places;
  const found = {
    topLevel,
    gitDir,
    commonDir,
    ref,
    ...head,
    releaseTag,
    dirty,
    submodules,
    ...base,
    baseHead,
  };
  if (asked?.baseCommit === undefined) return found;
  const id = await askedCommit(repository, 'BASE_BRANCH_GIT_COMMIT', asked.baseCommit, options);
  const name = base.baseBranch?.name ?? base.missingBaseBranch;
  const baseBranch = name === undefined ? undefined : await askedBase(repository, name, id, options);
  return { ...found, baseBranch, missingBaseBranch: undefined, baseHead: id };
}

interface Places {
  readonly workTree: string;
  readonly gitDir: string;
  readonly commonDir: string;
}

async function findPlaces(directory: string, options: GitOptions): Promise<Places> {
  const info = await stat(directory).catch(() => undefined);
  if (info?.isDirectory() !== true) throw notARepository(`There is no folder ${directory}.`);
  const at: Repository = { workTree: directory };
  const kind = await git(at, ['rev-parse', '--is-bare-repository', '--is-inside-work-tree'], options).catch(
    (error: unknown) => {
      if (!isMissingRepository(error)) throw error;
      throw notARepository(`${directory} is not in a Git checkout.`);
    },
  );
  const [bare, insideWorkTree] = kind.split('\n');
  if (bare === 'true') {
    throw new MayflyError(
      'usage',
      'source.bare',
      `${directory} is a bare Git repository: it has no files checked out.`,
      {
        hint: 'Run mayfly in a clone of it: git clone <repository> <folder>',
      },
    );
  }
  if (insideWorkTree !== 'true') {
    throw notARepository(`${directory} is inside the .git folder of a checkout, not among its files.`);
  }
  const ask = (question: string): Promise<string> =>
    git(at, ['rev-parse', '--path-format=absolute', question], options);
  const [workTree, gitDir, commonDir] = await Promise.all([
    ask('--show-toplevel'),
    ask('--absolute-git-dir'),
    ask('--git-common-dir'),
  ]);
  return { workTree, gitDir, commonDir };
}

function isMissingRepository(error: unknown): boolean {
  return error instanceof MayflyError && error.details.some((line) => line.includes('not a git repository'));
}

function notARepository(message: string): MayflyError {
  return new MayflyError('usage', 'source.not-a-repository', message, {
    hint: 'Change to the checkout of the project that you want to build.',
  });
}

type Head = Pick<Checkout, 'commit' | 'shortId' | 'commitDate'>;

async function readHead(repository: Repository, workTree: string, options: InspectOptions): Promise<Head> {
  const verify = ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'];
  const wanted = options.asked?.commit;
  const commit =
    wanted === undefined
      ? await gitMaybe(repository, verify, options)
      : await askedCommit(repository, 'GIT_COMMIT', wanted, options);
  if (commit === undefined) {
    throw new MayflyError(
      'usage',
      'source.no-commits',
      `The checkout ${workTree} has no commit to build yet.`,
      {
        hint: 'Commit the files of the project first.',
      },
    );
  }
  // `%h` abbreviates as `git rev-parse --short` does; `%ct` is in seconds since the epoch.
  const shown = await git(repository, ['show', '--no-patch', '--format=%h %ct', commit], options);
  const [shortId = commit, date] = shown.split(' ');
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
