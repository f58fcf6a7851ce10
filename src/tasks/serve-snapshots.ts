/** Serves the local archive until it is interrupted. */
import type { Context } from '../build/context.js';
import { MayflyError, messageOf } from '../errors.js';
import { archiveFolder } from '../paths.js';
import { startArchiveServer } from '../snapshots/local/server.js';
import { hostProxy, makeUpstream } from '../snapshots/upstream.js';

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
  await using upstream = await makeUpstream(await hostProxy(context.env, context.signal));
  await using server = await startArchiveServer({
    archive: archiveFolder(context.home),
    upstream: request.offline ? undefined : upstream,
    host,
    port,
    signal: context.signal,
    onServed: ({ origin, serial, path, bytes, source }) => {
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
