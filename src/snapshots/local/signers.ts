/**
 * Whose archive a snapshot is of. Two projects may have different archives of one name, such as a rebuilt
 * debian-security: the newest state of the one is nothing to the other.
 */
import { readFile } from 'node:fs/promises';
import { MayflyError } from '../../errors.js';
import { verifyInRelease } from '../signature.js';
import { archiveParts, storedFile } from './layout.js';
import type { Snapshot, SnapshotSuite } from './snapshot.js';

/** Whether each of these suites has a signer in common with the same suite of the snapshot. Pure. */
export function sharesSigners(snapshot: Snapshot, suites: readonly SnapshotSuite[]): boolean {
  return suites.every(({ suite, signers }) =>
    snapshot.suites.some(
      (known) => known.suite === suite && known.signers.some((key) => signers.includes(key)),
    ),
  );
}

/** Whether a keyring knows who signed this suite of the snapshot. */
export async function isSignedFor(
  archive: string,
  snapshot: Snapshot,
  suite: string,
  keyring: string,
  signal: AbortSignal,
): Promise<boolean> {
  const known = snapshot.suites.find((candidate) => candidate.suite === suite);
  if (known === undefined) return false;
  const file = storedFile(archive, known.inRelease.sha256);
  const scratch = archiveParts(archive).incoming;
  try {
    await verifyInRelease({ inRelease: await readFile(file), keyring, from: file, scratch, signal });
    return true;
  } catch (error) {
    if (error instanceof MayflyError && error.code === 'archive.bad-signature') return false;
    throw error;
  }
}
