/**
 * What in a checkout differs from HEAD. A build takes the commit only, so a difference is refused
 * rather than silently left out.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MayflyError } from '../errors.js';
import type { Change, Checkout, DirtyPath } from './checkout.js';
import { git, gitMaybe, type GitOptions, type Repository } from './git.js';

/** Paths that an error lists before it only counts. */
const LISTED = 10;

/**
 * The arguments that make git leave out the same untracked files as it does for this person. Their
 * list of ignored files (editor backups and the like) is the one thing taken from their
 * configuration: without it, a checkout that `git status` calls clean would be refused.
 */
export async function ignoreArguments(repository: Repository, options: GitOptions = {}): Promise<string[]> {
  const configHome = process.env['XDG_CONFIG_HOME'];
  const configured = await gitMaybe(repository, ['config', '--path', '--get', 'core.excludesFile'], {
    ...options,
    env: { GIT_CONFIG_GLOBAL: undefined, XDG_CONFIG_HOME: configHome },
  });
  const standard = join(configHome ?? join(homedir(), '.config'), 'git', 'ignore');
  return ['-c', `core.excludesFile=${configured ?? standard}`];
}

/** All paths that differ from HEAD, by path. Takes no lock and does not refresh the index. */
export async function findDirty(repository: Repository, options: GitOptions = {}): Promise<DirtyPath[]> {
  const ignore = await ignoreArguments(repository, options);
  const status = ['status', '--porcelain=v2', '-z', '--no-renames'];
  const scope = ['--untracked-files=all', '--ignore-submodules=none'];
  return parseStatus(await git(repository, [...ignore, ...status, ...scope], options));
}

/** Fields before the path, by the kind of line (git-status(1), "Porcelain Format Version 2"). */
const FIELDS: Readonly<Record<string, number>> = { '1': 8, u: 10, '?': 1 };

/** Reads `git status --porcelain=v2 -z --no-renames`. */
export function parseStatus(output: string): DirtyPath[] {
  return output.split('\0').flatMap((line) => {
    const count = FIELDS[line.charAt(0)];
    if (count === undefined) return [];
    const fields = line.split(' ');
    const path = fields.slice(count).join(' ');
    return [{ path, change: changeOf(fields) }];
  });
}

function changeOf([kind = '', states = '', submodule = '']: readonly string[]): Change {
  if (kind === '?') return 'untracked';
  if (kind === 'u') return 'conflict';
  if (states.includes('D')) return 'deleted';
  if (submodule.startsWith('S')) return 'submodule';
  return states.includes('A') ? 'added' : 'modified';
}

/** @throws MayflyError `source.dirty` (refused) when anything differs from HEAD */
export function refuseDirty(checkout: Pick<Checkout, 'topLevel' | 'shortId' | 'dirty'>): void {
  const { dirty, topLevel, shortId } = checkout;
  if (dirty.length === 0) return;
  const details = dirty.slice(0, LISTED).map(({ path, change }) => `${change}: ${path}`);
  if (dirty.length > LISTED) details.push(`and ${dirty.length - LISTED} more`);
  const what = dirty.length === 1 ? 'one uncommitted change' : `${dirty.length} uncommitted changes`;
  throw new MayflyError(
    'refused',
    'source.dirty',
    `The checkout ${topLevel} has ${what}, which would not be part of the build.`,
    {
      hint: `Commit or stash them, or pass --ignore-changes to build commit ${shortId} without them.`,
      details,
    },
  );
}
