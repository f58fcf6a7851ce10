/** Which stored files somebody still needs: snapshots their indexes and what those name, tags what they list. */
import { join } from 'node:path';
import { namesIn } from './entries.js';
import { SnapshotFinder } from './find-file.js';
import { archiveParts, snapshotFile } from './layout.js';
import { listOrigins, listStates, readSnapshot, type Snapshot } from './snapshot.js';
import { allTags } from './tag.js';

/** Our own snapshots, and those of each snapshot service. */
export async function shelvesOf(archive: string): Promise<readonly string[]> {
  const { snapshots, services } = archiveParts(archive);
  return [snapshots, ...(await namesIn(services)).map((name) => join(services, name))];
}

/** Every snapshot that is stored, but for some. @param without paths of their files */
export async function storedSnapshots(
  archive: string,
  without: ReadonlySet<string> = new Set(),
): Promise<readonly Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for (const shelf of await shelvesOf(archive)) {
    for (const origin of await listOrigins(shelf)) {
      for (const serial of await listStates(shelf, origin)) {
        if (without.has(snapshotFile(shelf, origin, serial))) continue;
        snapshots.push(await readSnapshot(shelf, origin, serial));
      }
    }
  }
  return snapshots;
}

export interface NeededFiles {
  /** SHA-256 of each. */
  readonly files: ReadonlySet<string>;
  /** Those of them that are indexes of packages. */
  readonly indexes: ReadonlySet<string>;
}

export async function neededFiles(
  archive: string,
  without: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<NeededFiles> {
  const files = new Set<string>();
  const indexes = new Set<string>();
  const keep = (snapshot: Snapshot): void => {
    for (const suite of snapshot.suites) {
      files.add(suite.inRelease.sha256).add(suite.release.sha256);
      for (const { sha256 } of Object.values(suite.indexes)) {
        files.add(sha256);
        indexes.add(sha256);
      }
    }
  };
  for (const snapshot of await storedSnapshots(archive, without)) {
    keep(snapshot);
    const finder = new SnapshotFinder(archive, snapshot, signal);
    // One that is damaged may name anything: then this fails, and nothing is removed.
    for (const { sha256 } of (await finder.pool()).values()) files.add(sha256);
    // Builds may have had any of these: Contents, Sources, translations of packages.
    for (const { sha256 } of (await finder.published()).values()) files.add(sha256);
  }
  for (const tag of await allTags(archive)) {
    for (const snapshot of Object.values(tag.snapshots)) keep(snapshot);
    for (const { sha256 } of tag.files) files.add(sha256);
  }
  return { files, indexes };
}
