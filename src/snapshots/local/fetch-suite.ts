/** Fetches what a suite publishes: its signed Release file, verified and kept as it is, and its index files. */
import { MayflyError } from '../../errors.js';
import { parseRelease, type Release } from '../release.js';
import { verifyInRelease } from '../signature.js';
import type { Upstream } from '../upstream.js';
import { hasFile, storeContent, storeFile } from './files.js';
import { archiveParts } from './layout.js';
import type { SnapshotSuite } from './snapshot.js';

/** What is wanted of an origin, and where it is. */
export interface OriginRequest {
  /** Folder of the local archive. */
  readonly archive: string;
  readonly origin: string;
  /** Base URL of the origin, without a trailing slash. */
  readonly url: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly architectures: readonly string[];
  readonly keyring: string;
  readonly upstream: Upstream;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface FetchedSuite {
  readonly suite: SnapshotSuite;
  /** Bytes fetched from upstream. */
  readonly fetchedBytes: number;
}

/** @throws MayflyError of kind `host` */
export async function fetchSuite(request: OriginRequest, suite: string): Promise<FetchedSuite> {
  const { archive, upstream, signal } = request;
  const base = `${request.url}/dists/${suite}`;
  const address = `${base}/InRelease`;
  request.progress(`${request.origin}: ${suite}`);
  const inRelease = await upstream.read(address, signal);
  const { text, signers } = await verifyInRelease({
    inRelease,
    keyring: request.keyring,
    from: address,
    scratch: archiveParts(archive).incoming,
    signal,
  });
  const release = parseRelease(text, address);
  checkSuite(release, suite, address);
  const wanted = wantedIndexes(release, request.components, request.architectures);
  if (wanted.length === 0) {
    throw new MayflyError('host', 'archive.no-index', `${address} lists no packages of what is wanted.`, {
      details: [
        `wanted: ${request.components.join(', ')} for ${request.architectures.join(', ')}`,
        `listed: ${release.components.join(', ')} for ${release.architectures.join(', ')}`,
      ],
      hint: 'See archive.origins in builder.yaml: components, and basebox.architecture.',
    });
  }
  let fetchedBytes = inRelease.length;
  await Promise.all(
    wanted.map(async ([path, file]) => {
      if (await hasFile(archive, file)) return;
      const url = release.byHash ? byHash(base, path, file.sha256) : `${base}/${path}`;
      await storeFile(archive, file, await upstream.open(url, signal), url);
      fetchedBytes += file.bytes;
    }),
  );
  return {
    fetchedBytes,
    suite: {
      suite,
      inRelease: await storeContent(archive, inRelease, address),
      release: await storeContent(archive, Buffer.from(text), address),
      signers: [...signers],
      date: release.date.toISOString(),
      ...(release.validUntil === undefined ? {} : { validUntil: release.validUntil.toISOString() }),
      indexes: Object.fromEntries(wanted),
    },
  };
}

export function byHash(base: string, path: string, sha256: string): string {
  const folder = path.includes('/') ? `/${path.slice(0, path.lastIndexOf('/'))}` : '';
  return `${base}${folder}/by-hash/SHA256/${sha256}`;
}

/** A mirror must not pass another suite off as this one. */
export function checkSuite(release: Release, suite: string, address: string): void {
  const names = [release.codename, release.suite].filter((name) => name !== undefined);
  // Debian's security archive has the codename trixie-security; older ones wrote trixie/updates.
  if (names.length === 0 || names.includes(suite)) return;
  throw new MayflyError(
    'host',
    'archive.other-suite',
    `${address} is of the suite ${names.join(' or ')}, not of ${suite}.`,
    { hint: 'The mirror, or a proxy before it, is wrong.' },
  );
}

/**
 * The index files that a snapshot keeps: packages and their translations, in the smallest form
 * that is published. Pure.
 */
export function wantedIndexes(
  release: Release,
  components: readonly string[],
  architectures: readonly string[],
): readonly (readonly [string, { sha256: string; bytes: number }])[] {
  const stems = components.flatMap((component) => [
    ...[...architectures, ...(release.separatesAll ? ['all'] : [])].map(
      (architecture) => `${component}/binary-${architecture}/Packages`,
    ),
    `${component}/i18n/Translation-en`,
  ]);
  return stems.flatMap((stem) => {
    const path = ['.xz', '.gz', ''].map((suffix) => stem + suffix).find((name) => release.files.has(name));
    const file = path === undefined ? undefined : release.files.get(path);
    return path === undefined || file === undefined ? [] : [[path, { ...file }] as const];
  });
}
