/** Finds the file that a path of a snapshot stands for: what it must be, and where upstream has it. */
import { readFile } from 'node:fs/promises';
import { parseRelease, type Release } from '../release.js';
import { readCatalog, type Catalog } from './catalog.js';
import { damagedFile } from './damaged.js';
import type { ExpectedFile } from './files.js';
import { storedFile } from './layout.js';
import { parseSnapshotPath } from './resolve-path.js';
import type { Snapshot, SnapshotSuite } from './snapshot.js';
import { byHash } from './fetch-suite.js';

export interface FoundFile extends ExpectedFile {
  /** Where upstream has it, best first; a file that is never fetched has none. */
  readonly urls: readonly string[];
  /** When it was published, where that is known. */
  readonly date: Date | undefined;
}

/** Reads what it needs of one snapshot, once. */
export class SnapshotFinder {
  readonly #releases = new Map<string, Promise<Release>>();
  #pool: Promise<Catalog> | undefined;

  constructor(
    private readonly archive: string,
    readonly snapshot: Snapshot,
    private readonly signal: AbortSignal,
    /** Asked before the mirror that the snapshot was taken from, which may be gone. */
    private readonly mirrors: readonly string[] = [],
  ) {}

  get #bases(): readonly string[] {
    return [...new Set([...this.mirrors, this.snapshot.upstream])];
  }

  /** Undefined when the snapshot's signed indexes name no such file. */
  async find(path: string): Promise<FoundFile | undefined> {
    const suites = this.snapshot.suites.map(({ suite }) => suite);
    const parsed = parseSnapshotPath(path, suites);
    if (parsed === undefined) return undefined;
    if (parsed.kind === 'pool') {
      const file = (await this.pool()).get(parsed.path);
      const urls = this.#bases.map((base) => `${base}/${parsed.path}`);
      return file === undefined ? undefined : { ...file, urls, date: undefined };
    }
    const suite = this.snapshot.suites.find((candidate) => candidate.suite === parsed.suite);
    if (suite === undefined) return undefined;
    const date = new Date(suite.date);
    if (parsed.kind === 'in-release') return { ...suite.inRelease, urls: [], date };
    const { files } = await this.#release(suite);
    const entry =
      parsed.kind === 'index'
        ? ([parsed.path, files.get(parsed.path)] as const)
        : [...files].find(([, file]) => file.sha256 === parsed.sha256);
    const file = entry?.[1];
    if (entry === undefined || file === undefined) return undefined;
    const urls = this.#bases
      .map((base) => `${base}/dists/${suite.suite}`)
      .flatMap((base) => [byHash(base, entry[0], file.sha256), `${base}/${entry[0]}`]);
    return { ...file, urls, date };
  }

  /** All pool files that the snapshot's indexes name. */
  pool(): Promise<Catalog> {
    this.#pool ??= this.#readPool().catch((error: unknown) => {
      // A server runs for days: what fails once, such as for want of memory, is tried again.
      this.#pool = undefined;
      throw error;
    });
    return this.#pool;
  }

  /** All index files that its Release files list: path below the origin's base URL → what is there. */
  async published(): Promise<Catalog> {
    const all = new Map<string, ExpectedFile>();
    for (const suite of this.snapshot.suites) {
      const { files } = await this.#release(suite);
      for (const [path, file] of files) all.set(`dists/${suite.suite}/${path}`, file);
    }
    return all;
  }

  async #readPool(): Promise<Catalog> {
    const indexes = this.snapshot.suites.flatMap(({ suite, indexes }) =>
      Object.entries(indexes)
        .filter(([path]) => /\/Packages(?:\.\w+)?$/.test(path))
        .map(([path, file]) => [suite, path, file] as const),
    );
    const catalogs = await Promise.all(
      indexes.map(([suite, path, file]) =>
        readCatalog(this.archive, path, file, this.signal).catch((error: unknown) => {
          throw this.#damaged(`${suite}/${path}`, error);
        }),
      ),
    );
    return new Map(catalogs.flatMap((catalog) => [...catalog]));
  }

  #damaged(name: string, error: unknown): unknown {
    if (this.signal.aborted) return error;
    const { origin, serial } = this.snapshot;
    return damagedFile(`dists/${name} of the snapshot ${serial} of ${origin}`, error);
  }

  #release(suite: SnapshotSuite): Promise<Release> {
    const known = this.#releases.get(suite.suite);
    if (known !== undefined) return known;
    // Its signature was verified when it was taken, and its name is its checksum since.
    const parsed = readFile(storedFile(this.archive, suite.release.sha256), 'utf8')
      .then((text) => parseRelease(text, suite.suite))
      .catch((error: unknown) => {
        this.#releases.delete(suite.suite);
        throw this.#damaged(`${suite.suite}/Release`, error);
      });
    this.#releases.set(suite.suite, parsed);
    return parsed;
  }
}
