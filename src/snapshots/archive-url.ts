/** Where snapshots are served: the addresses of each kind of archive. Pure. */
import type { ArchiveKind } from '../config/config.js';

/**
 * A service that has snapshots at addresses of their own.
 *
 * - `serials`: `{url}/{origin}/{serial}`, and tagged ones `{tagged}/{tag}/{origin}`; the newest
 *   serial is in `{url}/{origin}/project/trace/{origin}`. What Tails has, and `mayfly snapshots serve`.
 * - `timestamps`: `{url}/archive/{origin}/{timestamp}`; all timestamps are at `{url}/mr/timestamp/`.
 *   What Debian's own snapshot service has.
 * - `ubuntu`: `{url}/{origin}/{timestamp}`, any moment of the past. What Ubuntu's snapshot service has.
 */
export interface SnapshotService {
  readonly kind: Exclude<ArchiveKind, 'local' | 'mirror'>;
  /** Without a trailing slash. */
  readonly url: string;
  /** Where tagged snapshots are; without a trailing slash. Only of `serials`. */
  readonly taggedUrl: string | undefined;
}

/** The base URL of an origin in one state. */
export function snapshotUrl(service: SnapshotService, origin: string, serial: string): string {
  const middle = service.kind === 'timestamps' ? '/archive' : '';
  return `${service.url}${middle}/${origin}/${serial}`;
}

/** The base URL of an origin in the state that a release is tagged with. */
export function taggedUrl(service: SnapshotService, tag: string, origin: string): string | undefined {
  return service.taggedUrl === undefined ? undefined : `${service.taggedUrl}/${tag}/${origin}`;
}

/** How the newest serial of an origin is found. */
export type NewestQuery =
  | { readonly kind: 'trace'; readonly url: string }
  | { readonly kind: 'timestamps'; readonly url: string }
  /** Every moment of the past has a snapshot: the newest is that of now. */
  | { readonly kind: 'now' };

export function newestQuery(service: SnapshotService, origin: string): NewestQuery {
  switch (service.kind) {
    case 'serials':
      return { kind: 'trace', url: `${service.url}/${origin}/project/trace/${origin}` };
    case 'timestamps':
      // Without the last slash the service answers with a redirection.
      return {
        kind: 'timestamps',
        url: `${service.url}/mr/timestamp/?archive=${encodeURIComponent(origin)}`,
      };
    case 'ubuntu':
      return { kind: 'now' };
  }
}

/** The line of a trace file that names the newest serial. */
export function parseTrace(text: string): string | undefined {
  return /^Archive serial: (\S+)$/m.exec(text)?.[1];
}

/** `{"result":{"debian":["20260101T000000Z",…]}}`: the newest of them. */
export function parseTimestamps(json: string, origin: string): string | undefined {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== 'object' || parsed === null || !('result' in parsed)) return undefined;
  const { result } = parsed;
  if (typeof result !== 'object' || result === null) return undefined;
  const list: unknown = (result as Readonly<Record<string, unknown>>)[origin];
  if (!Array.isArray(list)) return undefined;
  return list
    .filter((entry): entry is string => typeof entry === 'string')
    .sort()
    .at(-1);
}

/** A moment as snapshot services write it: to the second, in UTC. */
export function timestampOf(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
