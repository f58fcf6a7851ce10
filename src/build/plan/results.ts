/** What earlier builds left in the checkout: no change that a build would miss. Pure. */
import { relative, resolve } from 'node:path';
import { buildFiles } from '../../paths.js';
import type { Checkout, DirtyPath } from '../../source/index.js';

/** Beside the artifacts there are always these. */
const RECORDS = [buildFiles.record, buildFiles.events, buildFiles.log, buildFiles.checksums];

export interface Results {
  /** Folder of results: absolute, or relative to the top of the checkout. */
  readonly directory: string;
  /** Names of artifacts. */
  readonly patterns: readonly string[];
  /** Absolute paths of further files that mayfly writes. */
  readonly ownFiles: readonly string[];
}

/**
 * The dirty paths of a checkout, less untracked files that mayfly itself has put there: artifacts and
 * records in the folder of results.
 */
export function withoutResults(
  { topLevel, dirty }: Pick<Checkout, 'topLevel' | 'dirty'>,
  { directory, patterns, ownFiles }: Results,
): readonly DirtyPath[] {
  const folder = relative(topLevel, resolve(topLevel, directory));
  const names = [...RECORDS, ...patterns.map((pattern) => pattern.slice(pattern.lastIndexOf('/') + 1))];
  // Those that end in .new were being written when a build was killed.
  const isResult = names.flatMap((name) => [name, `.${name}.new`, `${name}.*.new`]).map(patternOf);
  return dirty.filter(({ path, change }) => {
    if (change !== 'untracked') return true;
    if (ownFiles.includes(resolve(topLevel, path))) return false;
    const name = folder === '' ? path : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : '';
    return !isResult.some((pattern) => pattern.test(name));
  });
}

/** A pattern of one name, without folders. */
function patternOf(glob: string): RegExp {
  const text = glob.replaceAll(/[\\^$.+()|{}]/g, String.raw`\$&`);
  const source = text.replaceAll(/\*+/g, '[^/]*').replaceAll('?', '[^/]').replaceAll('[!', '[^');
  try {
    return new RegExp(`^${source}$`);
  } catch {
    // A bracket that stands alone.
    return new RegExp(`^${text.replaceAll(/[[\]*?]/g, String.raw`\$&`)}$`);
  }
}
