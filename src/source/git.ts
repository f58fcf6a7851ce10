/**
 * The one place that runs git, and always in the same way: the person's configuration, hooks,
 * replace refs and file-system monitors never change what git answers, so that two people with the
 * same commit get the same build. Locks that git would take only to be faster are left alone, so
 * that reading a checkout writes nothing into it.
 */
import { run } from '../process/run.js';

/** Where git runs: in a checkout, or on a repository without a work tree. Absolute paths. */
export type Repository = { readonly workTree: string } | { readonly gitDir: string };

export interface GitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Exit codes that are answers. Default: 0 only. */
  readonly accept?: readonly number[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** A file that receives stdout, for output that is not text. */
  readonly stdoutFile?: string;
  /** Default: the work tree, or the repository itself. */
  readonly cwd?: string;
}

export interface GitAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const CONFIGURATION: readonly (readonly [string, string])[] = [
  // Nothing of the repository's own may run.
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['log.showSignature', 'false'],
  // Whose checkout it may be is asked before (owner.ts).
  ['safe.directory', '*'],
  // What git answers must not depend on the person's taste.
  ['core.abbrev', 'auto'],
  ['core.attributesFile', '/dev/null'],
  ['core.quotePath', 'false'],
  ['i18n.commitEncoding', 'UTF-8'],
  ['log.follow', 'false'],
  // A repository that only we read needs no history of its refs.
  ['core.logAllRefUpdates', 'false'],
];

const ENVIRONMENT: Readonly<Record<string, string>> = {
  // No transport at all: a partial clone must not fetch what it lacks while we only look.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
};

/**
 * Settings by way of the environment weigh as much as `git -c`, and keep the command in an error
 * short enough to read (git-config(1), GIT_CONFIG_COUNT; Git 2.31).
 */
function settingsEnvironment(settings: readonly (readonly [string, string])[]): Record<string, string> {
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) };
  for (const [index, [name, value]] of settings.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = name;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return env;
}

/** What git gets on top of the clean environment of run(). */
export function gitEnvironment(repository: Repository): Record<string, string> {
  const common = { ...ENVIRONMENT, ...settingsEnvironment(CONFIGURATION) };
  if ('workTree' in repository) return common;
  // The work tree is set too, because git stops when `core.worktree` names a folder that is gone
  // (a submodule of another branch).
  return { ...common, GIT_DIR: repository.gitDir, GIT_WORK_TREE: repository.gitDir };
}

/**
 * Runs git and hands back its whole answer.
 * @throws CommandError when git is missing or exits with a code that `accept` does not name
 */
export async function gitAnswer(
  repository: Repository,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitAnswer> {
  const home = 'workTree' in repository ? repository.workTree : repository.gitDir;
  return await run('git', args, {
    cwd: options.cwd ?? home,
    env: { ...gitEnvironment(repository), ...options.env },
    accept: options.accept ?? [0],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.stdoutFile === undefined ? {} : { stdoutFile: options.stdoutFile, capture: false }),
  });
}

/** Runs git and hands back what it printed, without the final newline. */
export async function git(
  repository: Repository,
  args: readonly string[],
  options: GitOptions = {},
): Promise<string> {
  const { stdout } = await gitAnswer(repository, args, options);
  return stdout.endsWith('\n') ? stdout.slice(0, -1) : stdout;
}

/** Runs git where a failure is the answer "there is none": what it printed, or undefined. */
export async function gitMaybe(
  repository: Repository,
  args: readonly string[],
  options: GitOptions = {},
): Promise<string | undefined> {
  const { stdout, exitCode } = await gitAnswer(repository, args, { ...options, accept: [0, 1, 128] });
  return exitCode === 0 ? stdout.replace(/\n$/, '') : undefined;
}

/** The records of a `-z` answer. */
export function records(output: string): string[] {
  return output.split('\0').filter((record) => record !== '');
}

export interface TreeEntry {
  /** `100644`, `100755`, `120000` (symbolic link), `160000` (submodule) or `040000` (folder). */
  readonly mode: string;
  readonly object: string;
  readonly path: string;
}

/** The entries of `git ls-tree -z` with these further arguments. */
export async function listTree(
  repository: Repository,
  args: readonly string[],
  options: GitOptions = {},
): Promise<TreeEntry[]> {
  return parseTree(await git(repository, ['ls-tree', '-z', ...args], options));
}

/** Reads `<mode> <type> <object>\t<path>` records (git-ls-tree(1)). */
export function parseTree(output: string): TreeEntry[] {
  return records(output).map((record) => {
    const tab = record.indexOf('\t');
    const [mode = '', , object = ''] = record.slice(0, tab).split(' ');
    return { mode, object, path: record.slice(tab + 1) };
  });
}

/** The text of a file at a commit; undefined when the commit has no such file. */
export async function readFileAt(
  repository: Repository,
  commit: string,
  path: string,
  options: GitOptions = {},
): Promise<string | undefined> {
  const [entry] = await listTree(repository, [commit, '--', path], options);
  if (entry?.mode.startsWith('100') !== true) return undefined;
  const { stdout } = await gitAnswer(repository, ['cat-file', 'blob', entry.object], options);
  return stdout;
}

/** True when the repository holds this commit. */
export async function hasCommit(
  repository: Repository,
  commit: string,
  options: GitOptions = {},
): Promise<boolean> {
  return (await gitMaybe(repository, ['cat-file', '-e', `${commit}^{commit}`], options)) !== undefined;
}

/** The name of a ref without its first two folders: `refs/heads/a/b` → `a/b`. */
export function shortRefName(fullName: string): string {
  return fullName.replace(/^refs\/[^/]+\//, '');
}
