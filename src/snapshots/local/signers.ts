/**
 * Whose archive a snapshot is of. Two projects may have different archives of one name, such as a rebuilt
 * debian-security: the newest state of the one is nothing to the other.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hasCode, MayflyError } from '../../errors.js';
import { verifyInRelease } from '../signature.js';
import { storedFile } from './layout.js';
import type { Snapshot, SnapshotSuite } from './snapshot.js';

/** Whether each suite of the one has a signer in common with the same suite of the other. Pure. */
export function sharesSigners(one: Snapshot, other: Snapshot): boolean {
  return other.suites.every(({ suite, signers }) =>
    one.suites.some((known) => known.suite === suite && known.signers.some((key) => signers.includes(key))),
  );
}

export interface Judge {
  /** Folder of the local archive. */
  readonly archive: string;
  readonly keyring: string;
  readonly suites: readonly string[];
  /** Folder for temporary files. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Tells whether a keyring knows who signed these suites of a snapshot. Asks once of those with the same signers. */
export function signedFor(judge: Judge): (snapshot: Snapshot) => Promise<boolean> {
  const verdicts = new Map<string, Promise<boolean>>();
  return async (snapshot) => {
    const suites = snapshot.suites.filter(({ suite }) => judge.suites.includes(suite));
    const verdict = await Promise.all(
      suites.map((suite) => {
        const signers = [suite.suite, ...suite.signers].join(' ');
        const known = verdicts.get(signers) ?? isSigned(judge, suite);
        verdicts.set(signers, known);
        return known;
      }),
    );
    return verdict.every(Boolean);
  };
}

/**
 * What cannot be judged, for want of the keyring, of gpgv or of the signed file as it was, counts as signed: what a
 * build makes of it is told there.
 */
async function isSigned(judge: Judge, { inRelease: { sha256 } }: SnapshotSuite): Promise<boolean> {
  const from = storedFile(judge.archive, sha256);
  try {
    const inRelease = await readFile(from);
    if (createHash('sha256').update(inRelease).digest('hex') !== sha256) return true;
    await verifyInRelease({ ...judge, inRelease, from });
    return true;
  } catch (error) {
    const code = error instanceof MayflyError ? error.code : undefined;
    if (code === 'archive.bad-signature') return false;
    if (code === 'archive.no-keyring' || code === 'command.not-found' || hasCode(error, 'ENOENT'))
      return true;
    throw error;
  }
}
