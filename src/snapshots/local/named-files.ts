/** What the files of the archive are: a path below an origin, and where it may be had. */
import type { ExpectedFile } from './files.js';
import { SnapshotFinder } from './find-file.js';
import { storedSnapshots } from './needed.js';
import type { Snapshot } from './snapshot.js';
import { allTags, snapshotKey, type Tag, type UsedFile } from './tag.js';
import { byHash } from './fetch-suite.js';

export interface NamedFile extends ExpectedFile {
  readonly name: string;
  readonly urls: readonly string[];
}

/** What must be there, with its name; pool files of snapshots need not be, until a build has used them. */
export async function wantedFiles(archive: string): Promise<readonly NamedFile[]> {
  const tags = await allTags(archive);
  const snapshots = [
    ...(await storedSnapshots(archive)),
    ...tags.flatMap((tag) => Object.values(tag.snapshots)),
  ];
  return [
    ...snapshots.flatMap(publishedFiles),
    ...tags.flatMap((tag) => tag.files.map((file) => taggedFile(tag, file))),
  ];
}

function taggedFile(tag: Tag, file: UsedFile): NamedFile {
  const { origin, serial, path } = file;
  const upstream = tag.snapshots[snapshotKey(origin, serial)]?.upstream;
  return {
    ...file,
    name: `${origin} ${serial} ${path}`,
    urls: upstream === undefined ? [] : [`${upstream}/${path}`],
  };
}

function publishedFiles(snapshot: Snapshot): readonly NamedFile[] {
  return snapshot.suites.flatMap(({ suite, inRelease, release, indexes }) => {
    const base = `${snapshot.upstream}/dists/${suite}`;
    const name = `${snapshot.origin} ${snapshot.serial} dists/${suite}`;
    return [
      { ...inRelease, name: `${name}/InRelease`, urls: [`${base}/InRelease`] },
      { ...release, name: `${name}/Release`, urls: [`${base}/Release`] },
      ...Object.entries(indexes).map(([path, file]) => ({
        ...file,
        name: `${name}/${path}`,
        urls: [byHash(base, path, file.sha256), `${base}/${path}`],
      })),
    ];
  });
}

export interface NamedFiles {
  /** SHA-256 → the file that it is. */
  readonly files: ReadonlyMap<string, NamedFile>;
  /** False when a Release file or an index is damaged: then there may be more. */
  readonly isWhole: boolean;
}

/** Every file that a snapshot names, in the pool or among its indexes. */
export async function namedFiles(archive: string, signal: AbortSignal): Promise<NamedFiles> {
  const files = new Map<string, NamedFile>();
  let isWhole = true;
  for (const snapshot of await storedSnapshots(archive)) {
    const { origin, serial, upstream } = snapshot;
    const finder = new SnapshotFinder(archive, snapshot, signal);
    for (const read of [() => finder.published(), () => finder.pool()]) {
      const found = await read().catch(() => undefined);
      if (found === undefined) isWhole = false;
      for (const [path, file] of found ?? []) {
        const name = `${origin} ${serial} ${path}`;
        files.set(file.sha256, { ...file, name, urls: addressesOf(upstream, path, file.sha256) });
      }
    }
  }
  signal.throwIfAborted();
  return { files, isWhole };
}

function addressesOf(upstream: string, path: string, sha256: string): readonly string[] {
  const plain = `${upstream}/${path}`;
  return path.startsWith('dists/') ? [byHash(upstream, path, sha256), plain] : [plain];
}
