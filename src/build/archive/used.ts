/** What a build had from the archive by way of the proxy in its VM, which may have had it before. */
import { archiveFolder } from '../../paths.js';
import { MayflyError } from '../../errors.js';
import { SnapshotFinder } from '../../snapshots/local/find-file.js';
import { parseArchivePath } from '../../snapshots/local/resolve-path.js';
import type { ServedFile } from '../../snapshots/local/server.js';
import type { Context } from '../context.js';
import { hasStates, mirroredOrigins } from './address.js';
import type { PlannedArchive } from './origins.js';
import { plannedState } from './serve.js';
import { snapshotOf } from './stored.js';

export interface UsedFiles {
  /** Files of the plan's states that the archive itself was not asked for. */
  readonly cached: readonly ServedFile[];
  /** Addresses outside the plan. */
  readonly outside: readonly string[];
}

/**
 * @param answers `HOST/PATH` of what the proxy in the VM handed out
 * @param served what the archive served itself
 */
export async function usedFiles(
  context: Context,
  planned: PlannedArchive,
  answers: readonly string[],
  served: readonly ServedFile[],
): Promise<UsedFiles> {
  const known = new Set(served.map(({ origin, serial, path }) => `${origin}/${serial}/${path}`));
  const finders = new Map<string, Promise<SnapshotFinder>>();
  const cached: ServedFile[] = [];
  const outside = new Set<string>();
  // A mirror has no states that anything could be outside of.
  const isOfMirror = mirrorTest(planned);
  for (const answer of answers.filter((each) => !isOfMirror(each))) {
    const address = archiveAddress(answer);
    const state = address === undefined ? undefined : plannedState(planned, address);
    if (address === undefined || state === undefined) {
      outside.add(answer);
      continue;
    }
    const { origin, path } = address;
    const key = `${origin}/${state.serial}`;
    if (known.has(`${key}/${path}`)) continue;
    let finder = finders.get(key);
    if (finder === undefined) {
      finder = snapshotOf(context, planned, origin, state).then(
        (snapshot) => new SnapshotFinder(archiveFolder(context.home), snapshot, context.signal),
      );
      finders.set(key, finder);
    }
    const file = await (await finder).find(path);
    // What the state does not have was asked for in vain.
    if (file === undefined) continue;
    const { sha256, bytes } = file;
    cached.push({ origin, serial: state.serial, path, sha256, bytes, source: 'cached' });
  }
  return { cached, outside: [...outside] };
}

/** Without states at all, everything may be a mirror's: what of it is which, nobody asks then. */
function mirrorTest(planned: PlannedArchive): (answer: string) => boolean {
  if (!hasStates(planned)) return () => true;
  const places = mirroredOrigins(planned).flatMap(({ upstream }) => {
    if (upstream === undefined) return [];
    const { hostname, pathname } = new URL(upstream);
    return [`${hostname}${pathname.replace(/\/$/, '')}/`];
  });
  return (answer) => {
    const plain = answer.replace(/^https?:\/\//, '').replace(/^([^/:]+):\d+\//, '$1/');
    return places.some((place) => plain.startsWith(place));
  };
}

/** The proxy's log leaves ports out: whatever is at the guest's own loopback is the archive. Pure. */
export function archiveAddress(answer: string) {
  const match = /^(?:https?:\/\/)?127\.0\.0\.1(?::\d+)?(\/.*)$/.exec(answer);
  const parsed = match?.[1] === undefined ? undefined : parseArchivePath(match[1]);
  return parsed === undefined || parsed.kind === 'trace' ? undefined : parsed;
}

/** A pinned build failed: it asked for what no serial of its pins. */
export function outsideError(outside: ReadonlySet<string>): MayflyError {
  const all = [...outside].sort();
  return new MayflyError(
    'refused',
    'archive.outside',
    'The build asked for packages outside its serials, and archive.pinned does not allow that.',
    {
      details: [...all.slice(0, 10), ...(all.length > 10 ? [`and ${all.length - 10} more`] : [])],
      hint: 'The scripts may use what MAYFLY_APT_SOURCES names only. Or add the origin to archive.origins in builder.yaml, and freeze it.',
    },
  );
}
