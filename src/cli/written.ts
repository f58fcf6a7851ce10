/** What a command that writes serial files says of them. Pure. */
import { relative } from 'node:path';
import { table } from './common.js';

/**
 * @param serials origin → serial, as written
 * @param folders that were written, absolute
 */
export function writtenLines(
  serials: Readonly<Record<string, string>>,
  folders: readonly string[],
  cwd: string,
): readonly string[] {
  if (folders.length === 0) return ['Nothing was written.'];
  const paths = folders.map((folder) => shellWord(relative(cwd, folder) || '.'));
  return [...table(Object.entries(serials)), `Commit the files: git add ${paths.join(' ')} && git commit`];
}

const shellWord = (text: string): string =>
  /^[A-Za-z0-9@%+=:,./_][A-Za-z0-9@%+=:,./_-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
