/** Files that a build asked the archive for and did not get: not stored, and with --offline nothing is fetched. */
import { basename } from 'node:path';
import { MayflyError } from '../../errors.js';

/** So many are named; the others are counted. */
const NAMED = 4;

const HINT = 'Run it once without --offline, or import a bundle that has them: mayfly snapshots import.';

/** Collects them, as APT asks for all that it needs before it gives up: they are told together, and once. */
export class Unfetched {
  readonly #paths = new Set<string>();

  note(path: string): void {
    this.#paths.add(path);
  }

  /** Whatever APT does without the others, it does not without a package. */
  get hasPackages(): boolean {
    return [...this.#paths].some(isPackage);
  }

  /** All of them; the next time, those that came later. */
  take(): readonly string[] {
    const paths = [...this.#paths];
    this.#paths.clear();
    return paths;
  }
}

/** @param what could not be done, as the beginning of a sentence */
export function unfetchedError(what: string, paths: readonly string[], cause: unknown): MayflyError {
  const [are, them] = paths.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return new MayflyError(
    'host',
    'archive.offline',
    `${what}: ${countOf(paths)} that it asked for ${are} not in the local archive, and --offline forbids to fetch ${them}.`,
    { details: namesOf(paths), hint: HINT, cause },
  );
}

/** For somebody whose build may have gone on without them. */
export function unfetchedWarning(paths: readonly string[]): string {
  return `Because of --offline, ${countOf(paths)} could not be had: not in the local archive. ${namesOf(paths).join(', ')}. ${HINT}`;
}

function countOf(paths: readonly string[]): string {
  const noun = paths.every(isPackage) ? 'package' : 'file';
  return `${paths.length} ${noun}${paths.length === 1 ? '' : 's'}`;
}

function namesOf(paths: readonly string[]): readonly string[] {
  const names = paths.slice(0, NAMED).map((path) => (isPackage(path) ? basename(path) : path));
  return paths.length > NAMED ? [...names, `and ${paths.length - NAMED} more`] : names;
}

const isPackage = (path: string): boolean => path.endsWith('.deb');
