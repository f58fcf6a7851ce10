/** Where a checkout is: its work tree, and its repository. */
import { stat } from 'node:fs/promises';
import { MayflyError } from '../errors.js';
import type { Checkout } from './checkout.js';
import { gitAnswer, type GitOptions } from './git.js';
import { refuseOtherOwner } from './owner.js';

/** Absolute paths. */
export type Places = Pick<Checkout, 'topLevel' | 'gitDir' | 'commonDir'>;

/** In this order; git stops at the last one where there is no work tree. */
const QUESTIONS = [
  '--is-bare-repository',
  '--is-inside-work-tree',
  '--absolute-git-dir',
  '--git-common-dir',
  '--show-toplevel',
];

/**
 * The checkout that a folder belongs to.
 * @throws MayflyError of kind `usage`: `source.not-a-repository`, `source.bare`
 * @throws MayflyError `source.other-owner` (refused)
 * @throws CommandError when git does not say
 */
export async function findPlaces(directory: string, options: GitOptions = {}): Promise<Places> {
  const info = await stat(directory).catch(() => undefined);
  if (info?.isDirectory() !== true) throw notARepository(`There is no folder ${directory}.`);
  const question = ['rev-parse', '--path-format=absolute', ...QUESTIONS];
  const ask = (accept: readonly number[]): ReturnType<typeof gitAnswer> =>
    gitAnswer({ workTree: directory }, question, { ...options, accept });
  const { stdout, stderr, exitCode } = await ask([0, NO_ANSWER]);
  const [bare, insideWorkTree, gitDir = '', commonDir = '', topLevel = ''] = stdout.split('\n');
  if (bare === 'true') {
    throw new MayflyError(
      'usage',
      'source.bare',
      `${directory} is a bare Git repository: it has no files checked out.`,
      { hint: 'Run mayfly in a clone of it: git clone <repository> <folder>' },
    );
  }
  if (insideWorkTree === 'false') {
    throw notARepository(`${directory} is inside the .git folder of a checkout, not among its files.`);
  }
  if (exitCode === 0) {
    await refuseOtherOwner({ topLevel, gitDir, commonDir });
    return { topLevel, gitDir, commonDir };
  }
  if (stderr.includes('not a git repository')) throw notARepository(`${directory} is not in a Git checkout.`);
  // Again, for its error.
  await ask([0]);
  throw notARepository(`${directory} is not in a Git checkout.`);
}

/** Exit code of git when it gives up. */
const NO_ANSWER = 128;

function notARepository(message: string): MayflyError {
  return new MayflyError('usage', 'source.not-a-repository', message, {
    hint: 'Change to the checkout of the project that you want to build.',
  });
}
