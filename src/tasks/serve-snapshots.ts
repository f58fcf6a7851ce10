/**
 * Serves the local archive until it is interrupted. That may be for weeks, so it does not keep expiry
 * waiting: what is asked for is marked as used instead, at least once an hour.
 */
import { useArchive } from '../build/archive/take-origin.js';
import type { Context } from '../build/context.js';
import { MayflyError, messageOf } from '../errors.js';
import { archiveFolder } from '../paths.js';
import { snapshotAt } from '../snapshots/local/address.js';
import { archiveParts } from '../snapshots/local/layout.js';
import { startArchiveServer } from '../snapshots/local/server.js';
import { touchSnapshot, type Snapshot } from '../snapshots/local/snapshot.js';
import { hostProxies } from '../snapshots/host-proxy.js';
import { makeUpstream } from '../snapshots/upstream.js';

export interface ServeRequest {
  /** `ADDRESS:PORT`, `PORT`, or nothing: 127.0.0.1 and any port. */
  readonly listen: string | undefined;
  /** Fetch nothing from upstream. */
  readonly offline: boolean;
  readonly onReady: (url: string) => void;
  readonly onLine: (line: string) => void;
}

export async function serveSnapshots(context: Context, request: ServeRequest): Promise<void> {
  const { host, port } = parseListen(request.listen);
  await using upstream = await makeUpstream(await hostProxies(context.env, context.signal));
  const archive = archiveFolder(context.home);
  const marks = new UseMarks(archiveParts(archive).snapshots);
  await using server = await startArchiveServer({
    archive,
    upstream: request.offline ? undefined : upstream,
    host,
    port,
    signal: context.signal,
    find: async (address) => {
      if ((await snapshotAt(archive, address)) === undefined) return undefined;
      // Expiry is over, and it is still there; or it is marked before that begins.
      await using _archive = await useArchive(context);
      const snapshot = await snapshotAt(archive, address);
      if (snapshot !== undefined) await marks.mark(snapshot);
      return snapshot;
    },
    onServed: ({ origin, serial, path, bytes, source }) => {
      void marks.mark({ origin, serial });
      request.onLine(`${origin}/${serial}/${path} ${bytes} ${source}`);
    },
    onFailure: (path, error) => {
      context.report({ type: 'notice', level: 'warning', text: `${path}: ${messageOf(error)}` });
    },
  });
  request.onReady(server.url);
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const HOUR_MS = 3600 * 1000;

/** Marks snapshots as used, each once an hour. */
class UseMarks {
  readonly #last = new Map<string, number>();

  constructor(private readonly shelf: string) {}

  async mark({ origin, serial }: Pick<Snapshot, 'origin' | 'serial'>): Promise<void> {
    const key = `${origin}/${serial}`;
    if (Date.now() - (this.#last.get(key) ?? 0) < HOUR_MS) return;
    this.#last.set(key, Date.now());
    // Where nothing can be written nothing is removed either.
    await touchSnapshot(this.shelf, { origin, serial }).catch(() => undefined);
  }
}

/** Pure. @throws MayflyError `usage.listen` */
export function parseListen(text: string | undefined): { readonly host: string; readonly port: number } {
  if (text === undefined) return { host: '127.0.0.1', port: 0 };
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:\s]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) {
    throw new MayflyError(
      'usage',
      'usage.listen',
      `--listen: expected ADDRESS:PORT, found ${JSON.stringify(text)}.`,
      {
        hint: 'For example 127.0.0.1:3143, or 0.0.0.0:3143 for everybody who reaches this host.',
      },
    );
  }
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}
