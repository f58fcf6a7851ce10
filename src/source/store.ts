/**
 * A mirror of a repository for the builder VM: its objects and refs, and nothing else of the
 * person's: no URLs (they may hold passwords), no configuration, no hooks, no reflogs, no stash.
 */
import { appendFile, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { git, gitAnswer, gitMaybe, type GitOptions, type Repository } from './git.js';
import { linkObjects } from './objects.js';

/** What is mirrored. `refs/stash`, `refs/notes`, `refs/replace` and the like stay with the person. */
const MIRRORED = ['refs/heads', 'refs/remotes', 'refs/tags'];

/**
 * - A marker tells our own repositories from someone else's.
 * - Nothing is repacked away while a guest reads.
 * - The guest may ask for a commit that no branch leads to: a submodule at an old commit.
 */
const SETTINGS = `[mayfly]
\tshare = true
[gc]
\tauto = 0
[uploadpack]
\tallowAnySHA1InWant = true
`;

type Head = { readonly branch: string } | { readonly commit: string };

export interface MirrorRequest {
  /** The repository to mirror. */
  readonly from: string;
  /** The folder of the mirror; made when it is not there, else brought up to date. */
  readonly to: string;
  readonly head: Head;
  /** Refs that are to be at these commits, whatever `from` says by now. Full name → id. */
  readonly pinned?: ReadonlyMap<string, string>;
}

/** Makes or updates a mirror. Objects that it already has stay, refs that are gone go. */
export async function mirrorRepository(request: MirrorRequest, options: GitOptions = {}): Promise<void> {
  const { from, to, head, pinned = new Map<string, string>() } = request;
  const source: Repository = { gitDir: from };
  const mirror: Repository = { gitDir: to };
  const { format, objects, shallow } = await describeStore(source, options);
  if ((await markOf(to, options)) !== 'ours') await initialise(to, format, options);
  // Refs first: whatever they name is then among the objects.
  const wanted = await readRefs(source, options);
  for (const [name, id] of pinned) wanted.set(name, { id, target: undefined });
  await linkObjects(objects, join(to, 'objects'), { signal: options.signal });
  await copyShallow(shallow, to);
  await writeRefs(mirror, wanted, options);
  await writeHead(mirror, head, options);
}

/** Whether a folder is a repository that we made. */
export async function markOf(gitDir: string, options: GitOptions = {}): Promise<'ours' | 'other'> {
  const place: Repository = { workTree: '/' };
  const args = ['config', '--file', join(gitDir, 'config'), '--type=bool', '--get', 'mayfly.share'];
  return (await gitMaybe(place, args, options)) === 'true' ? 'ours' : 'other';
}

/**
 * Makes an empty repository of ours.
 * @param format kind of its ids, as describeStore() has it
 */
export async function initialise(to: string, format: string, options: GitOptions): Promise<void> {
  await mkdir(to, { recursive: true });
  const args = [
    'init',
    '--quiet',
    '--bare',
    '--template=',
    '--initial-branch=main',
    `--object-format=${format}`,
  ];
  await git({ workTree: to }, [...args, '.'], options);
  await appendFile(join(to, 'config'), SETTINGS);
}

export interface Store {
  /** Kind of the ids: `sha1` or `sha256`. */
  readonly format: string;
  readonly objects: string;
  /** The list of commits where history was cut; the file may be missing. */
  readonly shallow: string;
}

/** Where parts of a repository are; a worktree shares most with its main checkout. */
export async function describeStore(repository: Repository, options: GitOptions = {}): Promise<Store> {
  const paths = ['--path-format=absolute', '--git-path', 'objects', '--git-path', 'shallow'];
  const answer = await git(repository, ['rev-parse', '--show-object-format', ...paths], options);
  const [format = '', objects = '', shallow = ''] = answer.split('\n');
  return { format, objects, shallow };
}

/** A shallow clone names the commits where its history was cut; without that list it looks broken. */
export async function copyShallow(shallow: string, gitDir: string): Promise<void> {
  const target = join(gitDir, 'shallow');
  const partial = `${target}.partial`;
  try {
    await copyFile(shallow, partial);
    await rename(partial, target);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    await rm(target, { force: true });
  }
}

interface Ref {
  readonly id: string;
  /** The ref that a symbolic one stands for, such as `refs/remotes/origin/HEAD`. */
  readonly target: string | undefined;
}

async function readRefs(repository: Repository, options: GitOptions): Promise<Map<string, Ref>> {
  const format = '--format=%(refname) %(objectname) %(symref)';
  const output = await git(repository, ['for-each-ref', format, ...MIRRORED], options);
  const refs = new Map<string, Ref>();
  for (const line of output.split('\n')) {
    const [name = '', id = '', target = ''] = line.split(' ');
    if (name !== '') refs.set(name, { id, target: target === '' ? undefined : target });
  }
  return refs;
}

async function writeRefs(
  mirror: Repository,
  wanted: ReadonlyMap<string, Ref>,
  options: GitOptions,
): Promise<void> {
  const present = await readRefs(mirror, options);
  const gone = [...present.keys()].filter((name) => !wanted.has(name));
  // Deleted first: `a` must be gone before `a/b` can be made.
  await updateRefs(
    mirror,
    gone.map((name) => `delete ${name}`),
    options,
  );
  const changed = [...wanted].filter(([name, ref]) => !sameRef(present.get(name), ref));
  const plain = changed.filter(([, ref]) => ref.target === undefined);
  await updateRefs(
    mirror,
    plain.map(([name, { id }]) => `update ${name} ${id}`),
    options,
  );
  for (const [name, { target }] of changed) {
    if (target !== undefined) await git(mirror, ['symbolic-ref', name, target], options);
  }
  // One file instead of thousands: the guest reads them through a slow file system.
  await git(mirror, ['pack-refs', '--all', '--prune'], options);
}

function sameRef(a: Ref | undefined, b: Ref): boolean {
  return a !== undefined && a.target === b.target && (a.target !== undefined || a.id === b.id);
}

async function updateRefs(
  mirror: Repository,
  commands: readonly string[],
  options: GitOptions,
): Promise<void> {
  if (commands.length === 0) return;
  const input = commands.map((command) => `${command}\n`).join('');
  await gitAnswer(mirror, ['update-ref', '--no-deref', '--stdin'], { ...options, input });
}

async function writeHead(mirror: Repository, head: Head, options: GitOptions): Promise<void> {
  const args =
    'branch' in head
      ? ['symbolic-ref', 'HEAD', head.branch]
      : ['update-ref', '--no-deref', 'HEAD', head.commit];
  await git(mirror, args, options);
}
