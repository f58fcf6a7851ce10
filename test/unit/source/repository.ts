/** Real Git repositories in temporary folders, the same at each run: fixed names and dates. */
import { createHash } from 'node:crypto';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { MayflyError } from '../../../src/errors.js';
import { run } from '../../../src/process/run.js';

/** 2021-10-11 12:00:00 UTC. */
export const START = 1633953600;

/** A temporary folder with blanks and letters beyond ASCII in its name, removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'mayfly tëst 源-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs git as a person would who has no configuration. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  return await gitAt(START, cwd, ...args);
}

export async function gitAt(seconds: number, cwd: string, ...args: string[]): Promise<string> {
  const date = `@${seconds} +0000`;
  const env = {
    GIT_AUTHOR_DATE: date,
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_COMMITTER_DATE: date,
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const settings = ['-c', 'protocol.file.allow=always', '-c', 'init.defaultBranch=main'];
  const { stdout } = await run('git', [...settings, ...args], { cwd, env });
  return stdout.trimEnd();
}

export async function write(root: string, path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  // A script is executable.
  const mode = content.toString().startsWith('#!') ? 0o755 : 0o666;
  await writeFile(join(root, path), content, { mode });
}

export type Files = Readonly<Record<string, string>>;

/** Writes files and commits everything. @returns the full id */
export async function commit(root: string, message: string, files: Files, seconds = START): Promise<string> {
  for (const [path, content] of Object.entries(files)) await write(root, path, content);
  await git(root, 'add', '--all');
  await gitAt(seconds, root, 'commit', '--quiet', '--allow-empty', '--message', message);
  return await git(root, 'rev-parse', 'HEAD');
}

/** A repository with one commit on `main`. */
export async function repository(root: string, files: Files = { 'README.md': 'hello\n' }): Promise<string> {
  await mkdir(root, { recursive: true });
  await git(root, 'init', '--quiet');
  await commit(root, 'Start', files);
  return root;
}

/** On branch `topic`, with `main` one commit further as its base branch; both changed different files. */
export async function topicRepository(root: string, files: Files = {}): Promise<string> {
  await repository(root, { 'config/base_branch': 'main\n', 'a.txt': 'a\n', 'b.txt': 'b\n', ...files });
  await git(root, 'switch', '--quiet', '--create', 'topic');
  await commit(root, 'Topic', { 'a.txt': 'changed by topic\n' }, START + 60);
  await git(root, 'switch', '--quiet', 'main');
  await commit(root, 'Main', { 'b.txt': 'changed by main\n' }, START + 120);
  await git(root, 'switch', '--quiet', 'topic');
  return root;
}

/** Every file below a folder with its kind, mode and content: two equal ones mean that nothing was written. */
export async function contents(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    for (const name of (await readdir(join(folder, path))).sort()) {
      const inside = join(path, name);
      const info = await lstat(join(folder, inside));
      const mode = (info.mode & 0o777).toString(8);
      if (info.isDirectory()) {
        found.set(`${inside}/`, mode);
        await visit(inside);
      } else if (info.isSymbolicLink()) {
        found.set(inside, `-> ${await readlink(join(folder, inside))}`);
      } else {
        found.set(inside, `${mode} ${digest(await readFile(join(folder, inside)))}`);
      }
    }
  };
  await visit('');
  return found;
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

/** The MayflyError that a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<MayflyError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof MayflyError) return error;
  throw new Error(`Expected a MayflyError, got: ${String(error)}`);
}
