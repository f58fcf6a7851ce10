/**
 * The replay bundle: a tag and everything that it keeps, as one file, from which another host builds
 * the same again with no archive in reach. A tar, as the archive itself is laid out:
 *
 *   tags/TAG.json   files/ab/abcdef…
 *
 * The same tag always gives the same bytes. What reads it is in import-bundle.ts.
 */
import { open, rename, rm } from 'node:fs/promises';
import { MayflyError } from '../../errors.js';
import { run } from '../../process/run.js';
import { SAME_BYTES } from '../../process/tar.js';
import { hasFile, type ExpectedFile } from './files.js';
import type { Tag } from './tag.js';

/** Files of a tag: what its snapshots publish, and what its build used. */
export function filesOfTag(tag: Tag): readonly ExpectedFile[] {
  const published = Object.values(tag.snapshots).flatMap(({ suites }) =>
    suites.flatMap(({ inRelease, release, indexes }) => [inRelease, release, ...Object.values(indexes)]),
  );
  const all = new Map([...published, ...tag.files].map((file) => [file.sha256, file]));
  return [...all.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}

/**
 * Writes a tag and its files into one file.
 * @returns its size in bytes
 * @throws MayflyError `bundle.incomplete` when the archive lost a file of the tag
 */
export async function exportTag(
  archive: string,
  tag: Tag,
  target: string,
  signal: AbortSignal,
): Promise<number> {
  const files = filesOfTag(tag);
  const missing: string[] = [];
  for (const file of files) if (!(await hasFile(archive, file))) missing.push(file.sha256);
  if (missing.length > 0) {
    throw new MayflyError(
      'host',
      'bundle.incomplete',
      `The local archive lost files of the tag ${tag.tag}.`,
      {
        details: missing.slice(0, 10),
        hint: '`mayfly snapshots verify` looks for all damage and mends what upstream still has.',
      },
    );
  }
  const names = [
    `tags/${tag.tag}.json`,
    ...files.map(({ sha256 }) => `files/${sha256.slice(0, 2)}/${sha256}`),
  ];
  const temporary = `${target}.${process.pid}.new`;
  try {
    await run('tar', bundleArguments(archive, temporary), { input: names.join('\n'), signal });
    const file = await open(temporary, 'r');
    const { size } = await file.stat();
    await file.sync();
    await file.close();
    await rename(temporary, target);
    return size;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Arguments of tar(1). Pure. */
export function bundleArguments(archive: string, output: string): readonly string[] {
  return [
    '--create',
    ...['--file', output],
    ...['--directory', archive],
    ...SAME_BYTES,
    '--no-recursion',
    '--verbatim-files-from',
    '--files-from=-',
  ];
}
