/** The packages that a base box was made from: their files, names and versions. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceFile } from '../src/basebox/store.js';
import { archiveFolder, boxesFolder, boxFiles } from '../src/paths.js';
import { readIndex } from '../src/snapshots/local/catalog.js';
import { archiveParts } from '../src/snapshots/local/layout.js';
import { readSnapshot } from '../src/snapshots/local/snapshot.js';
import { kindOf } from './relay.js';
import type { Setting } from './setting.js';

export interface IndexedPackage {
  readonly name: string;
  readonly version: string;
  /** Below the origin's base URL. */
  readonly path: string;
}

/** Files of packages that went into the box, and into the disk tools that laid it out. */
export async function filesOfBox(setting: Setting, fingerprint: string): Promise<readonly SourceFile[]> {
  const path = join(boxesFolder(setting.home), fingerprint, boxFiles.files);
  const files = JSON.parse(await readFile(path, 'utf8')) as SourceFile[];
  const packages = files.filter((file) => kindOf(file.path) === 'package');
  return [...new Map(packages.map((file) => [file.sha256, file])).values()];
}

/** What the signed indexes of the snapshots say of the files. */
export async function namesOf(
  setting: Setting,
  files: readonly SourceFile[],
): Promise<readonly IndexedPackage[]> {
  const archive = archiveFolder(setting.home);
  const shelf = archiveParts(archive).snapshots;
  const found = new Map<string, IndexedPackage>();
  for (const key of new Set(files.map(({ origin, serial }) => `${origin}/${serial}`))) {
    const [origin = '', serial = ''] = key.split('/');
    const snapshot = await readSnapshot(shelf, origin, serial);
    const wanted = new Set(files.filter((file) => file.origin === origin).map(({ path }) => path));
    for (const { indexes } of snapshot.suites) {
      for (const [path, file] of Object.entries(indexes)) {
        if (!/\/Packages(?:\.\w+)?$/.test(path)) continue;
        const text = await readIndex(archive, path, file, setting.signal);
        for (const entry of parseNames(text, wanted)) found.set(`${origin}/${entry.path}`, entry);
      }
    }
  }
  if (found.size !== files.length) {
    throw new Error(`The indexes name ${found.size} of the base box's ${files.length} packages.`);
  }
  return [...found.values()];
}

/** The packages of an index whose file is wanted. Pure. */
export function parseNames(text: string, wanted: ReadonlySet<string>): readonly IndexedPackage[] {
  return text.split('\n\n').flatMap((paragraph) => {
    const field = (name: string): string =>
      new RegExp(String.raw`^${name}: (.+)$`, 'm').exec(paragraph)?.[1] ?? '';
    const path = field('Filename');
    return wanted.has(path) ? [{ name: field('Package'), version: field('Version'), path }] : [];
  });
}
