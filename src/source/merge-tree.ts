/** Merges two commits into a tree, without a checkout: `git merge-tree --write-tree`. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MayflyError } from '../errors.js';
import { gitAnswer, listTree, records, type GitOptions, type Repository } from './git.js';
import { isSafePath } from './safe-path.js';

/** `git merge-tree --write-tree` came with Git 2.38. */
const NEEDED_VERSION = [2, 38] as const;

export interface MergedTrees {
  /** The id of the merged tree; with conflicts, one that holds conflict markers. */
  readonly tree: string;
  /** The paths that conflict. */
  readonly conflicts: readonly string[];
}

/** @throws MayflyError `source.git-too-old` (host) */
export function requireMergeTree(version: string): void {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(version) ?? [];
  const [neededMajor, neededMinor] = NEEDED_VERSION;
  if (Number(major) > neededMajor || (Number(major) === neededMajor && Number(minor) >= neededMinor)) return;
  throw new MayflyError(
    'host',
    'source.git-too-old',
    `Merging the base branch needs Git ${NEEDED_VERSION.join('.')} or newer; this host has "${version.trim()}".`,
    { hint: 'Install a newer Git, or pass --no-merge-base-branch to build without the merge.' },
  );
}

/**
 * @param scratch a repository of ours that holds (or borrows) both commits
 * @param ours the commit whose `.gitattributes` rule how files are merged, as in `git merge`
 */
export async function mergeTrees(
  scratch: string,
  ours: string,
  theirs: string,
  options: GitOptions = {},
): Promise<MergedTrees> {
  // Git reads the attributes that rule merging (`merge=union`) from files only, so they are put
  // into a work tree that holds nothing else.
  const workTree = await mkdtemp(join(scratch, 'merge-'));
  try {
    await writeAttributes({ gitDir: scratch }, ours, workTree, options);
    const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', ours, theirs];
    const { stdout, exitCode } = await gitAnswer({ gitDir: scratch }, args, {
      ...options,
      accept: [0, 1],
      cwd: workTree,
      env: { GIT_WORK_TREE: workTree },
    });
    const [tree = '', ...files] = records(stdout);
    return { tree, conflicts: exitCode === 0 ? [] : [...new Set(files)] };
  } finally {
    await rm(workTree, { recursive: true, force: true });
  }
}

async function writeAttributes(
  repository: Repository,
  commit: string,
  workTree: string,
  options: GitOptions,
): Promise<void> {
  for (const { path, mode, object } of await listTree(repository, ['-r', commit], options)) {
    if (!/(^|\/)\.gitattributes$/.test(path) || !mode.startsWith('100') || !isSafePath(path)) continue;
    const { stdout } = await gitAnswer(repository, ['cat-file', 'blob', object], options);
    await mkdir(dirname(join(workTree, path)), { recursive: true });
    await writeFile(join(workTree, path), stdout);
  }
}
