/** What a path of the archive's addresses means. Pure. */
import { isPlainPath } from '../release.js';
import { isFrozen } from '../serial.js';

export type ArchivePath =
  /** `/ORIGIN/project/trace/ORIGIN`: names the newest serial. */
  | { readonly kind: 'trace'; readonly origin: string }
  /** `/ORIGIN/SERIAL/…` */
  | { readonly kind: 'snapshot'; readonly origin: string; readonly serial: string; readonly path: string }
  /** `/TAG/ORIGIN/…` */
  | { readonly kind: 'tagged'; readonly tag: string; readonly origin: string; readonly path: string };

/** The path of a URL, decoded; undefined when it can name nothing. */
export function parseArchivePath(pathname: string): ArchivePath | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const path = decoded.replace(/^\/+/, '');
  if (!isPlainPath(path)) return undefined;
  const [first = '', second = '', ...rest] = path.split('/');
  if (second === 'project') {
    return rest.length === 2 && rest[0] === 'trace' && rest[1] === first
      ? { kind: 'trace', origin: first }
      : undefined;
  }
  if (rest.length === 0) return undefined;
  return isFrozen(second)
    ? { kind: 'snapshot', origin: first, serial: second, path: rest.join('/') }
    : { kind: 'tagged', tag: first, origin: second, path: rest.join('/') };
}

/** A path inside a snapshot. */
export type SnapshotPath =
  | { readonly kind: 'in-release'; readonly suite: string }
  | { readonly kind: 'index'; readonly suite: string; readonly path: string }
  | { readonly kind: 'by-hash'; readonly suite: string; readonly sha256: string }
  | { readonly kind: 'pool'; readonly path: string };

/** @param suites those of the snapshot: a suite's name may hold slashes */
export function parseSnapshotPath(path: string, suites: readonly string[]): SnapshotPath | undefined {
  if (!path.startsWith('dists/')) return { kind: 'pool', path };
  const below = path.slice('dists/'.length);
  const suite = suites.find((name) => below.startsWith(`${name}/`));
  if (suite === undefined) return undefined;
  const inside = below.slice(suite.length + 1);
  if (inside === 'InRelease') return { kind: 'in-release', suite };
  const hash = /(?:^|\/)by-hash\/SHA256\/([0-9a-f]{64})$/.exec(inside)?.[1];
  return hash === undefined
    ? { kind: 'index', suite, path: inside }
    : { kind: 'by-hash', suite, sha256: hash };
}
