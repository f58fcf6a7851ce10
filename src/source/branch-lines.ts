/** Lines of some files as every branch of a checkout has them, and its working tree. Writes nothing. */
import { dirname } from 'node:path';
import { MayflyError } from '../errors.js';
import { git, gitAnswer, type GitOptions, type Repository } from './git.js';

export interface FoundLine {
  /** Undefined in the working tree. */
  readonly commit: string | undefined;
  readonly path: string;
  readonly text: string;
}

export interface LineQuestion {
  /** Patterns of git's for paths, from the top: see gitglossary(7), `glob`. */
  readonly paths: readonly string[];
  /** An extended regular expression that a line must fit. */
  readonly line: string;
}

/** Commits that one `git grep` is given: an argument vector has its limits, a repository may have thousands. */
const AT_A_TIME = 500;

/** The repository's own settings change nothing of what is printed. */
const GREP = [
  'grep',
  '--null',
  '--full-name',
  '--text',
  '--no-textconv',
  '--no-color',
  '--no-line-number',
  '--no-column',
  '--no-recurse-submodules',
  '--extended-regexp',
] as const;

/**
 * @throws MayflyError when git cannot read all of it: then there may be more
 */
export async function branchLines(
  topLevel: string,
  question: LineQuestion,
  options: GitOptions = {},
): Promise<readonly FoundLine[]> {
  const at: Repository = { workTree: topLevel };
  // A repository around it would be another one.
  const here = { ...options, env: { ...options.env, GIT_CEILING_DIRECTORIES: dirname(topLevel) } };
  const refs = ['for-each-ref', '--format=%(objectname)', 'refs/heads', 'refs/remotes'];
  const heads = [...new Set((await git(at, refs, here)).split('\n'))].filter((id) => id !== '');
  const found = [...(await grep(at, question, ['--untracked'], [], here))];
  for (let start = 0; start < heads.length; start += AT_A_TIME) {
    const some = heads.slice(start, start + AT_A_TIME);
    for (const line of await grep(at, question, [], some, here)) found.push(line);
  }
  return found;
}

async function grep(
  at: Repository,
  question: LineQuestion,
  more: readonly string[],
  commits: readonly string[],
  options: GitOptions,
): Promise<readonly FoundLine[]> {
  const paths = question.paths.map((path) => `:(top,glob)${path}`);
  const { stdout, stderr } = await gitAnswer(
    at,
    [...GREP, ...more, '-e', question.line, ...commits, '--', ...paths],
    // 1: there is no such line.
    { ...options, accept: [0, 1], env: { ...options.env, GIT_LITERAL_PATHSPECS: '0' } },
  );
  // A file that it cannot read is none of its failures.
  const problem = stderr.split('\n').find((line) => /^(?:error|fatal):/.test(line));
  if (problem !== undefined) {
    throw new MayflyError('host', 'source.unreadable', `git cannot read all of it: ${problem}`);
  }
  return parseGrep(stdout, commits.length > 0);
}

/** Reads lines of `[COMMIT:]PATH`, a zero byte and the text. Pure. */
export function parseGrep(output: string, hasCommit: boolean): readonly FoundLine[] {
  return output.split('\n').flatMap((line) => {
    const end = line.indexOf('\0');
    if (end < 0) return [];
    const colon = hasCommit ? line.indexOf(':') : -1;
    if (hasCommit && (colon < 0 || colon > end)) return [];
    const commit = hasCommit ? line.slice(0, colon) : undefined;
    return [{ commit, path: line.slice(colon + 1, end), text: line.slice(end + 1) }];
  });
}
