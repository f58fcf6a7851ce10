/** What earlier builds left in the checkout: no change that a build would miss. Pure. */
import { relative, resolve } from 'node:path';
import type { ArtifactsConfig } from '../../config/config.js';
import { buildFiles } from '../../paths.js';
import type { Checkout, DirtyPath } from '../../source/index.js';

/** Beside the artifacts there are always these. */
const RECORDS = [buildFiles.record, buildFiles.events, buildFiles.log, buildFiles.checksums];

/**
 * The dirty paths of a checkout, less untracked files that mayfly itself has put there: artifacts and
 * records in the folder of results.
 * @param variable the value of ARTIFACTS
 */
export function withoutResults(
  { topLevel, dirty }: Pick<Checkout, 'topLevel' | 'dirty'>,
  { directory, patterns }: Pick<ArtifactsConfig, 'directory' | 'patterns'>,
  variable: string | undefined,
): readonly DirtyPath[] {
  const chosen = variable === undefined || variable === '' ? directory : variable;
  const folder = relative(topLevel, resolve(topLevel, chosen));
  const names = [...RECORDS, ...patterns.map((pattern) => pattern.slice(pattern.lastIndexOf('/') + 1))];
  const isResult = names.map(patternOf);
  return dirty.filter(({ path, change }) => {
    if (change !== 'untracked') return true;
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
