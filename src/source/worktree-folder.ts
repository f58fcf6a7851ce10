/** Reads the files of a folder as they are in the work tree: tracked ones, and new ones that are not ignored. */
import { lstat, readFile, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, MayflyError } from '../errors.js';
import { refuseContent } from './commit-folder.js';
import { ignoreArguments } from './dirty.js';
import { git, records, type GitOptions, type Repository } from './git.js';
import type { FolderFile } from './write-folder.js';

/**
 * @param folder relative to the top level, or `.`
 * @throws MayflyError `source.folder-content` (usage) for a submodule, another repository, or what is
 *   neither a file nor a symbolic link; `source.sparse` (refused) when a sparse checkout hides a file
 */
export async function readWorkTreeFolder(
  topLevel: string,
  folder: string,
  options: GitOptions = {},
): Promise<FolderFile[]> {
  const repository: Repository = { workTree: topLevel };
  const ignore = await ignoreArguments(repository, options);
  const tracked = await git(repository, ['ls-files', '-z', '-t', '--stage', '--', folder], options);
  const others = ['ls-files', '-z', '--others', '--exclude-standard', '--', folder];
  const untracked = await git(repository, [...ignore, ...others], options);

  const files = new Map<string, FolderFile>();
  for (const { path, mode, skipped } of [...parseStage(tracked), ...records(untracked).map(asUntracked)]) {
    if (files.has(path)) continue;
    const inside = below(folder, path);
    // The folder itself, when it is not a folder but a link or a submodule.
    if (inside === undefined) continue;
    refuseContent(path, inside, mode);
    const file = await readWorkTreeFile(topLevel, path);
    if (file !== undefined) files.set(path, { ...file, path: inside });
    else if (skipped) throw hiddenBySparse(path);
  }
  return [...files.values()];
}

function below(folder: string, path: string): string | undefined {
  if (folder === '.') return path;
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
}

interface Listed {
  readonly path: string;
  readonly mode: string;
  /** Git left it out of the work tree on purpose (sparse checkout). */
  readonly skipped: boolean;
}

/** Reads records `<tag> <mode> <object> <stage>\t<path>` (git-ls-files(1)); tag S is skip-worktree. */
function parseStage(output: string): Listed[] {
  return records(output).map((record) => {
    const tab = record.indexOf('\t');
    const [tag, mode = ''] = record.slice(0, tab).split(' ');
    return { path: record.slice(tab + 1), mode, skipped: tag === 'S' };
  });
}

/** Another repository is listed as a folder, with a slash at the end. */
function asUntracked(path: string): Listed {
  return path.endsWith('/')
    ? { path: path.slice(0, -1), mode: '160000', skipped: false }
    : { path, mode: '100644', skipped: false };
}

/** @returns undefined when it is gone, or when a folder or a link to one has taken its place or a parent's */
async function readWorkTreeFile(
  topLevel: string,
  path: string,
): Promise<Omit<FolderFile, 'path'> | undefined> {
  if (!(await hasRealParents(topLevel, path))) return undefined;
  const whole = join(topLevel, path);
  const info = await lstat(whole).catch(ignoreAbsence);
  if (info === undefined || info.isDirectory()) return undefined;
  if (info.isSymbolicLink()) return { kind: 'link', content: await readlink(whole, 'buffer') };
  if (!info.isFile()) {
    throw new MayflyError(
      'usage',
      'source.folder-content',
      `${path} is neither a file nor a symbolic link, so it cannot be given to a builder VM.`,
      { hint: 'Move it out of the builder directory.' },
    );
  }
  // Git looks at the owner's bit only.
  return { kind: (info.mode & 0o100) === 0 ? 'file' : 'program', content: await readFile(whole) };
}

/** A folder replaced by a link would lead outside; git, too, takes the files below it for deleted. */
async function hasRealParents(topLevel: string, path: string): Promise<boolean> {
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    const info = await lstat(join(topLevel, parent)).catch(ignoreAbsence);
    if (info?.isDirectory() !== true) return false;
  }
  return true;
}

function ignoreAbsence(error: unknown): undefined {
  if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
  throw error;
}

function hiddenBySparse(path: string): MayflyError {
  return new MayflyError(
    'refused',
    'source.sparse',
    `${path} is not in the work tree, because this is a sparse checkout.`,
    { hint: 'Check out all files: git sparse-checkout disable.' },
  );
}
