/** Reads the files of a folder at a commit, exactly as they are stored. */
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MayflyError } from '../errors.js';
import { makeScratch } from '../process/scratch.js';
import type { CommitSource } from './checkout.js';
import { gitAnswer, listTree, type GitOptions, type Repository, type TreeEntry } from './git.js';
import { isSafePath } from './safe-path.js';
import type { FolderFile } from './write-folder.js';

export interface CommitFolderOptions {
  readonly signal?: AbortSignal | undefined;
  /** Where a scratch folder may be made meanwhile. Default: the system's temporary folder. */
  readonly scratch?: string | undefined;
}

/**
 * @param folder relative to the top level, or `.`
 * @returns undefined when the commit has no such folder
 * @throws MayflyError `source.folder-content` (usage) for a submodule or an unsafe name
 */
export async function readCommitFolder(
  source: CommitSource,
  folder: string,
  options: CommitFolderOptions = {},
): Promise<FolderFile[] | undefined> {
  const repository: Repository = { gitDir: source.gitDir };
  const { signal } = options;
  const entries = await listFolder(repository, source.commit, folder, { signal });
  if (entries === undefined) return undefined;
  for (const { path, mode } of entries) refuseContent(join(folder, path), path, mode);
  const contents = await readObjects(repository, entries, options);
  return entries.map(({ path, mode }, index) => ({
    path,
    kind: mode === '120000' ? 'link' : mode === '100755' ? 'program' : 'file',
    content: contents[index] ?? Buffer.alloc(0),
  }));
}

/** Everything below a folder, with paths from there; undefined when the commit has no such folder. */
async function listFolder(
  repository: Repository,
  commit: string,
  folder: string,
  options: GitOptions,
): Promise<TreeEntry[] | undefined> {
  if (folder === '.') return await listTree(repository, ['-r', commit], options);
  // With `-t` the folders on the way are listed, too: a file of that name is told from a folder.
  const found = await listTree(repository, ['-r', '-t', commit, '--', folder], options);
  if (found.find(({ path }) => path === folder)?.mode !== TREE) return undefined;
  return found
    .filter(({ path, mode }) => mode !== TREE && path.startsWith(`${folder}/`))
    .map((entry) => ({ ...entry, path: entry.path.slice(folder.length + 1) }));
}

/** Mode of a folder in a tree. */
const TREE = '040000';

/** @param mode as in a tree or in the index */
export function refuseContent(shown: string, path: string, mode: string): void {
  let reason: string | undefined;
  if (mode === '160000') reason = 'is a submodule or another repository';
  // What is not UTF-8 has been replaced when git's answer was read.
  else if (path.includes('\uFFFD')) reason = 'has a name that is not UTF-8';
  else if (!isSafePath(path)) reason = 'has an unsafe name';
  if (reason === undefined) return;
  throw new MayflyError(
    'usage',
    'source.folder-content',
    `${shown} ${reason}, which cannot be given to a builder VM.`,
    {
      hint: 'Move it out of the builder directory.',
    },
  );
}

/**
 * One `git cat-file --batch` for all: `<id> blob <size>\n<content>\n` each (git-cat-file(1)). The
 * answer is not text, so it goes through a file.
 */
async function readObjects(
  repository: Repository,
  entries: readonly TreeEntry[],
  options: CommitFolderOptions,
): Promise<Buffer[]> {
  const scratch = await makeScratch(options.scratch ?? tmpdir(), 0o700);
  try {
    const stdoutFile = join(scratch.path, 'objects');
    const input = entries.map(({ object }) => `${object}\n`).join('');
    await gitAnswer(repository, ['cat-file', '--batch'], { signal: options.signal, input, stdoutFile });
    const file = await open(stdoutFile);
    try {
      return await splitBatch(file, entries);
    } finally {
      await file.close();
    }
  } finally {
    await scratch.remove();
  }
}

/** Longer than any header: an id of 64 digits, the kind, and a size. Bytes. */
const HEADER = 128;

async function splitBatch(file: FileHandle, entries: readonly TreeEntry[]): Promise<Buffer[]> {
  const contents: Buffer[] = [];
  let position = 0;
  for (const { object } of entries) {
    const start = await readAt(file, position, HEADER);
    const [header, size] = /^[0-9a-f]+ blob (\d+)\n/.exec(start.toString('latin1')) ?? [];
    if (header?.startsWith(object) !== true) throw lost(object);
    const content = await readAt(file, position + header.length, Number(size));
    if (content.length !== Number(size)) throw lost(object);
    contents.push(content);
    position += header.length + content.length + 1;
  }
  return contents;
}

/** At most `length` bytes; fewer at the end of the file. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function lost(object: string): MayflyError {
  return new MayflyError('host', 'source.objects-missing', `Git did not hand back the object ${object}.`, {
    hint: 'Look for damage in the repository: git fsck.',
  });
}
