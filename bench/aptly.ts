/** aptly's side of the section `archive`: mirrors of some suites, filtered to some packages, and snapshots of them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../src/process/run.js';
import type { IndexedPackage } from './packages.js';

/** One mirror: aptly has one a suite. */
export interface AptlyMirror {
  readonly name: string;
  readonly url: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly keyring: string;
}

export interface Aptly {
  /** What aptly keeps. */
  readonly root: string;
  /** Makes the mirrors; they are empty. */
  create(): Promise<void>;
  /** Brings the mirrors up to date, and takes a snapshot of each. @param name of the snapshots */
  update(name: string): Promise<void>;
  /** Packages in each mirror. */
  counts(): Promise<readonly number[]>;
}

/** mayfly fetches as many files at a time. */
const CONNECTIONS = 8;
const UPDATE_MS = 10 * 60_000;

export interface AptlyJob {
  /** Becomes aptly's own, GnuPG's home included. */
  readonly folder: string;
  readonly architecture: string;
  readonly mirrors: readonly AptlyMirror[];
  readonly packages: readonly IndexedPackage[];
  readonly signal: AbortSignal;
}

export async function openAptly(job: AptlyJob): Promise<Aptly> {
  const { folder, architecture, mirrors, packages, signal } = job;
  const root = join(folder, 'root');
  const config = join(folder, 'aptly.conf');
  await mkdir(folder, { mode: 0o700 });
  await writeFile(config, JSON.stringify(aptlyConfig(root, architecture)));
  const aptly = async (args: readonly string[]): Promise<string> => {
    const options = { cwd: folder, env: { HOME: folder }, signal, timeoutMs: UPDATE_MS };
    return (await run('aptly', [`-config=${config}`, ...args], options)).stdout;
  };
  const filter = aptlyFilter(packages);
  return {
    root,
    async create() {
      for (const mirror of mirrors) await aptly(createArguments(mirror, architecture, filter));
    },
    async update(name) {
      for (const mirror of mirrors) {
        await aptly(['mirror', 'update', `-keyring=${mirror.keyring}`, mirror.name]);
        await aptly(['snapshot', 'create', `${mirror.name}-${name}`, 'from', 'mirror', mirror.name]);
      }
    },
    async counts() {
      const texts: string[] = [];
      for (const { name } of mirrors) texts.push(await aptly(['mirror', 'show', name]));
      return texts.map(parseCount);
    },
  };
}

export function aptlyConfig(root: string, architecture: string): Readonly<Record<string, unknown>> {
  return {
    rootDir: root,
    architectures: [architecture],
    downloadConcurrency: CONNECTIONS,
    gpgProvider: 'gpg',
  };
}

/** Arguments of `aptly mirror create`. Pure. */
export function createArguments(
  mirror: AptlyMirror,
  architecture: string,
  filter: string,
): readonly string[] {
  return [
    'mirror',
    'create',
    `-architectures=${architecture}`,
    `-keyring=${mirror.keyring}`,
    `-filter=${filter}`,
    '-filter-with-deps',
    // Debian's security archive calls its components updates/main, and has them as main.
    '-force-components',
    mirror.name,
    mirror.url,
    mirror.suite,
    ...mirror.components,
  ];
}

/** These packages in these versions. Pure. @throws RangeError for none: aptly would take it for all */
export function aptlyFilter(packages: readonly IndexedPackage[]): string {
  if (packages.length === 0) throw new RangeError('there are no packages to filter by');
  return packages.map(({ name, version }) => `${name} (= ${version})`).join(' | ');
}

/** What `aptly mirror show` says of a mirror's size. Pure. */
export function parseCount(text: string): number {
  const count = /^Number of packages: (\d+)$/m.exec(text)?.[1];
  if (count === undefined) throw new Error('aptly mirror show did not say how many packages there are');
  return Number(count);
}
