/**
 * The base branch: where a topic branch is going to be merged, named by the project itself in
 * `config/base_branch`. Its head is merged before the build, so that what is built is what will be.
 */
import { MayflyError } from '../errors.js';
import type { BaseBranch, Checkout, SourceRef } from './checkout.js';
import { gitMaybe, readFileAt, type GitOptions, type Repository } from './git.js';

/** Its first line names the base branch. */
const BASE_BRANCH_FILE = 'config/base_branch';

export interface BaseBranchQuestion {
  readonly repository: Repository;
  readonly commit: string;
  readonly ref: SourceRef;
  /** The tag that is being released; then nothing is merged. */
  readonly releaseTag: string | undefined;
}

/** What a checkout says of its base branch. `baseHead` is its head, whether it is to be merged or not. */
export type FoundBaseBranch = Pick<Checkout, 'baseBranch' | 'missingBaseBranch' | 'baseHead'>;

/**
 * Nothing is to be merged without the file, for a release, and on the base branch itself.
 * @throws MayflyError `source.base-branch-unknown` (usage) for what is no name of a branch
 */
export async function findBaseBranch(
  question: BaseBranchQuestion,
  options: GitOptions = {},
): Promise<FoundBaseBranch> {
  const { repository, commit, ref, releaseTag } = question;
  const text = await readFileAt(repository, commit, BASE_BRANCH_FILE, options);
  const name = firstLine(text ?? '');
  const merges = text !== undefined && releaseTag === undefined;
  if (merges) refuseNoName(name);
  const found = WELL_FORMED.test(name) ? await findHead(repository, name, options) : undefined;
  const nothing = { baseBranch: undefined, missingBaseBranch: undefined, baseHead: found?.commit };
  if (!merges || (ref.kind === 'branch' && ref.name === name)) return nothing;
  return found === undefined ? { ...nothing, missingBaseBranch: name } : { ...nothing, baseBranch: found };
}

async function findHead(
  repository: Repository,
  name: string,
  options: GitOptions,
): Promise<BaseBranch | undefined> {
  for (const fullName of candidates(name)) {
    const found = await resolve(repository, fullName, options);
    if (found !== undefined) return { name, fullName, ...found };
  }
  return undefined;
}

function candidates(name: string): [string, string] {
  return [`refs/remotes/origin/${name}`, `refs/heads/${name}`];
}

/**
 * Called when a merge is wanted; a build without one needs no base branch.
 * @throws MayflyError `source.base-branch-missing` (usage)
 */
export function requireBaseBranch(checkout: Pick<Checkout, 'missingBaseBranch'>): void {
  const name = checkout.missingBaseBranch;
  if (name === undefined) return;
  throw new MayflyError(
    'usage',
    'source.base-branch-missing',
    `${BASE_BRANCH_FILE} names the base branch "${name}", but there is neither ${candidates(name).join(' nor ')}.`,
    {
      hint:
        `Fetch it: git fetch origin '+refs/heads/${name}:refs/remotes/origin/${name}', or correct ${BASE_BRANCH_FILE}. ` +
        'Or pass --no-merge-base-branch to build without it.',
    },
  );
}

/** The name on the first line, without blanks around it. */
export function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').trim();
}

/** Blanks and `^~:?*[\` cannot be in a branch name (git-check-ref-format(1)); here they would ask for something else. */
const WELL_FORMED = /^[^\s~^:?*[\\@{}]+$/;

function refuseNoName(name: string): void {
  if (WELL_FORMED.test(name)) return;
  const found = name === '' ? 'is empty on its first line' : `names "${name}"`;
  throw new MayflyError(
    'usage',
    'source.base-branch-unknown',
    `${BASE_BRANCH_FILE} ${found}; expected the name of a branch.`,
    { hint: `Correct ${BASE_BRANCH_FILE} and commit it.` },
  );
}

async function resolve(
  repository: Repository,
  fullName: string,
  options: GitOptions,
): Promise<Pick<BaseBranch, 'commit' | 'shortId'> | undefined> {
  const spec = `${fullName}^{commit}`;
  const commit = await gitMaybe(repository, ['rev-parse', '--verify', '--quiet', spec], options);
  if (commit === undefined) return undefined;
  const shortId = await gitMaybe(repository, ['rev-parse', '--short', spec], options);
  return { commit, shortId: shortId ?? commit };
}
