/** The values that this folder hands to others: what a checkout is, before anything is done with it. */

/** What is built, by name: the branch that is checked out, or the tag that a detached HEAD is at. */
export interface SourceRef {
  readonly kind: 'branch' | 'tag';
  /** Such as `feature/1234-name` or `4.22`. */
  readonly name: string;
  /** Such as `refs/heads/feature/1234-name`. */
  readonly fullName: string;
}

/** What makes a path differ from HEAD. */
export type Change = 'modified' | 'added' | 'deleted' | 'untracked' | 'submodule' | 'conflict';

export interface DirtyPath {
  /** Relative to the top level. */
  readonly path: string;
  readonly change: Change;
}

export interface Submodule {
  /** The name in `.gitmodules`; for a nested one, its name inside its parent. */
  readonly name: string;
  /** Relative to the top level of the whole checkout. */
  readonly path: string;
  /** The commit that the parent asks for. */
  readonly commit: string;
  /** Names from the outermost submodule to this one; as long as it is nested deep. */
  readonly names: readonly string[];
  /** The repository that holds its objects; undefined when there is none on this host. */
  readonly gitDir: string | undefined;
  /** True when that repository holds the commit. */
  readonly initialised: boolean;
  /** True when `.gitmodules` says `update = none`: git does not fetch it, so it may be absent. */
  readonly optional: boolean;
}

export interface BaseBranch {
  /** Such as `stable`. */
  readonly name: string;
  /** Where its head was read: `refs/remotes/origin/<name>` or `refs/heads/<name>`. */
  readonly fullName: string;
  readonly commit: string;
  readonly shortId: string;
}

export interface Checkout {
  /** Absolute path of the work tree. */
  readonly topLevel: string;
  /** Absolute path of its repository; for a worktree, its own part. */
  readonly gitDir: string;
  /** The part of the repository that all worktrees share; mostly the same as `gitDir`. */
  readonly commonDir: string;
  readonly ref: SourceRef;
  /** Full id of HEAD. */
  readonly commit: string;
  /** As `git rev-parse --short` prints it; its length depends on how many objects the clone holds. */
  readonly shortId: string;
  /** Committer date of HEAD in seconds since the epoch. */
  readonly commitDate: number;
  /** The tag that HEAD is exactly at: a release is being built. */
  readonly releaseTag: string | undefined;
  readonly dirty: readonly DirtyPath[];
  /** All submodules of HEAD, nested ones too, parents first. */
  readonly submodules: readonly Submodule[];
  /** What is to be merged before building; undefined when nothing is. */
  readonly baseBranch: BaseBranch | undefined;
  /** The name of a base branch that is to be merged, but is nowhere in the clone: an error once a merge is wanted. */
  readonly missingBaseBranch?: string | undefined;
  /** Head of the base branch that `config/base_branch` names, also where nothing is to be merged. */
  readonly baseHead?: string | undefined;
}

/** A commit and the repository that holds it: a share, a preview, or a checkout. */
export interface CommitSource {
  readonly gitDir: string;
  readonly commit: string;
}
