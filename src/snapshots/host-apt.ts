/**
 * Where this host's own APT fetches Debian from. The default archive of every project, so that a
 * fresh machine, one behind a company mirror and one without internet all work with no setting.
 */
import { MayflyError } from '../errors.js';
import { run, which } from '../process/run.js';

/** One line of `apt-get indextargets` (apt's acquire-additional-files.md names the fields). */
interface IndexTarget {
  readonly repository: string;
  readonly release: string;
  readonly component: string;
}

const FORMAT = '$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)';

/**
 * Of the sources alone, whether their lists were ever fetched or not: with lists APT reads all of their packages first,
 * which takes a second where it may keep no cache of them (as in most containers).
 */
const TARGETS = [
  'indextargets',
  '--no-release-info',
  '-o',
  'Dir::State::Lists=/dev/null/none',
  '--format',
  FORMAT,
];

/** Code names and aliases of Debian's suites, without the part after a dash. */
const DEBIAN_SUITES =
  /^(?:bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable|experimental)(?:-|\/|$)/;

export function parseIndexTargets(text: string): readonly IndexTarget[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [repository = '', release = '', component = ''] = line.split('\t');
      return { repository, release, component };
    });
}

/**
 * The base URL of an origin, without a trailing slash; undefined when APT has none that fits. Pure.
 * @param origin `debian` or `debian-security`
 */
export function upstreamOf(origin: string, targets: readonly IndexTarget[]): string | undefined {
  const fits = targets.filter(({ repository, release, component }) => {
    const isSecurity = /-security$|\/updates$/.test(release);
    return (
      component === 'main' &&
      /^https?:/.test(repository) &&
      DEBIAN_SUITES.test(release) &&
      (origin === 'debian-security'
        ? isSecurity
        : origin === 'debian' && !isSecurity && !release.includes('backports'))
    );
  });
  const [best] = fits
    .map(({ repository }) => ({ repository, points: likeness(repository, targets) }))
    .sort((a, b) => b.points - a.points);
  return best?.repository.replace(/\/+$/, '');
}

/** A third party's repository may have suites of Debian's name, and come first in APT's list; but no updates of them. */
function likeness(repository: string, targets: readonly IndexTarget[]): number {
  const isWhole = targets.some(
    (other) => other.repository === repository && /^[a-z]+-(?:updates|security)$/.test(other.release),
  );
  return (isWhole ? 2 : 0) + (/\/debian(?:-security)?\/*$/.test(repository) ? 1 : 0);
}

/** @throws MayflyError `archive.no-url` when the host's APT does not know the origin */
export async function hostUpstream(origin: string, signal: AbortSignal): Promise<string> {
  const targets =
    which('apt-get') === undefined
      ? []
      : parseIndexTargets((await run('apt-get', TARGETS, { signal })).stdout);
  const url = upstreamOf(origin, targets);
  if (url === undefined) {
    throw new MayflyError(
      'usage',
      'archive.no-url',
      `The project names no archive for the origin ${origin}, and APT of this host has none.`,
      {
        hint: `Set archive.origins.${origin}.url in builder.yaml, for example to http://mirror.example/${origin}.`,
      },
    );
  }
  return url;
}
