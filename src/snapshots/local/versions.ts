/** The newest version of each package that a snapshot has. */
import { compareVersions } from '../version.js';
import { readIndex } from './catalog.js';
import type { Snapshot } from './snapshot.js';

/** Package → version. Pure. @param text content of a Packages file */
export function parseVersions(text: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  let name = '';
  for (const [, key, value = ''] of text.matchAll(/^(Package|Version): (.+)$/gm)) {
    if (key === 'Package') {
      name = value;
      continue;
    }
    const known = versions.get(name);
    if (known === undefined || compareVersions(known, value) < 0) versions.set(name, value);
  }
  return versions;
}

export async function newestVersions(
  archive: string,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const indexes = snapshot.suites.flatMap(({ indexes: all }) =>
    Object.entries(all).filter(([path]) => /\/Packages(?:\.\w+)?$/.test(path)),
  );
  const texts = await Promise.all(indexes.map(([path, file]) => readIndex(archive, path, file, signal)));
  return parseVersions(texts.join('\n'));
}
