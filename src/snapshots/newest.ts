/** The newest serial of an origin, asked of a snapshot service. */
import { MayflyError } from '../errors.js';
import {
  newestQuery,
  parseTimestamps,
  parseTrace,
  timestampOf,
  type SnapshotService,
} from './archive-url.js';
import { isFrozen } from './serial.js';
import type { Upstream } from './upstream.js';

/** Bytes. A list of all timestamps since 2005 has a few hundred thousand. */
const MOST = 64 * 1024 * 1024;

/** @throws MayflyError `archive.no-newest` when the service does not say */
export async function newestOfService(
  service: SnapshotService,
  origin: string,
  upstream: Upstream,
  signal: AbortSignal,
): Promise<string> {
  const query = newestQuery(service, origin);
  if (query.kind === 'now') return timestampOf(new Date());
  const text = (await upstream.read(query.url, signal, MOST)).toString('utf8');
  const serial = query.kind === 'trace' ? parseTrace(text) : timestampsIn(text, origin);
  if (serial !== undefined && isFrozen(serial)) return serial;
  throw new MayflyError('host', 'archive.no-newest', `${query.url} names no newest serial of ${origin}.`, {
    hint: 'Is archive.kind in builder.yaml the right one for this service?',
  });
}

function timestampsIn(text: string, origin: string): string | undefined {
  try {
    return parseTimestamps(text, origin);
  } catch {
    return undefined;
  }
}
