/** Exit codes: the same list in --help, in the docs, and here. */
import { MayflyError, type FailureKind } from '../errors.js';

/** A bug in mayfly itself: EX_SOFTWARE of sysexits.h. */
const BUG = 70;

export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [0, 'success'],
  [1, 'the build script failed (or its own code, if below 126 and none of these)'],
  [2, 'wrong usage or configuration'],
  [3, 'the host lacks something'],
  [4, 'the VM, its provider or provisioning failed'],
  [5, 'refused to protect you: dirty tree, wrong branch, unpinned input'],
  [BUG, 'a bug in mayfly'],
  [130, 'interrupted'],
];

const CODE_OF: Readonly<Record<FailureKind, number>> = {
  script: 1,
  usage: 2,
  host: 3,
  vm: 4,
  refused: 5,
  interrupted: 130,
};

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof MayflyError)) return BUG;
  if (error.kind === 'script' && 'exitCode' in error && typeof error.exitCode === 'number') {
    const taken = EXIT_CODES.some(([code]) => code === error.exitCode) || error.exitCode > 125;
    return taken ? CODE_OF.script : error.exitCode;
  }
  return CODE_OF[error.kind];
}
