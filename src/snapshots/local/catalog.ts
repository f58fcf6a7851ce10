/** Which pool files an index of packages names. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { run } from '../../process/run.js';
import { makeScratch } from '../../process/scratch.js';
import { hasCode } from '../../errors.js';
import { isPlainPath } from '../release.js';
import type { ExpectedFile } from './files.js';
import { archiveParts, storedFile } from './layout.js';
import { writeOver } from './write-new.js';

/** Path below the origin's base URL, such as `pool/main/h/hello/…deb` → what is there. */
export type Catalog = ReadonlyMap<string, ExpectedFile>;

/**
 * The pool files of an index of packages. Pure.
 * @param text content of a Packages file: paragraphs, one a package
 */
export function parsePackagesIndex(text: string): Catalog {
  const catalog = new Map<string, ExpectedFile>();
  let path = '';
  let bytes = 0;
  let sha256 = '';
  const end = (): void => {
    if (path !== '' && sha256 !== '') catalog.set(path, { sha256, bytes });
    path = sha256 = '';
    bytes = 0;
  };
  // Not split into lines: Debian's index has a million, and three in thirty are of interest.
  for (const match of text.matchAll(/^(?:Filename: (.+)|Size: (\d+)|SHA256: ([0-9a-f]{64})|)$/gm)) {
    if (match[0] === '') end();
    else if (match[1] !== undefined) path = isPlainPath(match[1]) ? match[1] : '';
    else if (match[2] !== undefined) bytes = Number(match[2]);
    else sha256 = match[3] ?? '';
  }
  end();
  return catalog;
}

/**
 * The catalog of a stored index.
 * @param path the index's path below dists/SUITE/, which tells how it is compressed
 */
export async function readCatalog(
  archive: string,
  path: string,
  index: ExpectedFile,
  signal: AbortSignal,
): Promise<Catalog> {
  const cached = join(archiveParts(archive).catalogs, `${index.sha256}.json`);
  const known = await readCached(cached);
  if (known !== undefined) return known;
  const catalog = parsePackagesIndex(await readIndex(archive, path, index, signal));
  const rows = [...catalog].map(([name, { sha256, bytes }]) => [name, sha256, bytes]);
  await writeOver(cached, JSON.stringify(rows), false);
  return catalog;
}

async function readCached(cached: string): Promise<Catalog | undefined> {
  try {
    const rows = JSON.parse(await readFile(cached, 'utf8')) as [string, string, number][];
    return new Map(rows.map(([path, sha256, bytes]) => [path, { sha256, bytes }]));
  } catch (error) {
    if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The text of a stored index. */
export async function readIndex(
  archive: string,
  path: string,
  index: ExpectedFile,
  signal: AbortSignal,
): Promise<string> {
  const file = storedFile(archive, index.sha256);
  if (path.endsWith('.gz')) return gunzipSync(await readFile(file)).toString('utf8');
  if (!path.endsWith('.xz')) return await readFile(file, 'utf8');
  await using scratch = await makeScratch(archiveParts(archive).incoming, 0o700);
  const plain = join(scratch.path, 'index');
  await run('xz', ['--decompress', '--stdout', file], { stdoutFile: plain, capture: false, signal });
  return await readFile(plain, 'utf8');
}
