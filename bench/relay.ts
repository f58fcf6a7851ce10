/**
 * A relay on 127.0.0.1 that hands on what mirrors answer, and counts it: the same measure of "bytes
 * fetched" for whatever fetches through it. It keeps nothing, and goes through the proxy that this
 * host has, so what it is compared with does not bypass one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { MayflyError, messageOf } from '../src/errors.js';
import { hostUpstream } from '../src/snapshots/host-apt.js';
import { hostProxies } from '../src/snapshots/host-proxy.js';
import { makeUpstream, type Upstream } from '../src/snapshots/upstream.js';

/** What an archive publishes: signed lists of indexes, indexes, and packages. */
export type FileKind = 'signed' | 'index' | 'package';

export interface Fetched {
  readonly origin: string;
  /** Below the origin's base URL. */
  readonly path: string;
  /** Of the body, without headers. */
  readonly bytes: number;
}

export interface Relay extends AsyncDisposable {
  /** Base URL of an origin by way of the relay. */
  url(origin: string): string;
  /** What was fetched since the last time that this was asked. */
  take(): readonly Fetched[];
  /** For programs that would ask this host's proxy for 127.0.0.1. */
  readonly env: Readonly<Record<string, string>>;
}

export const ORIGINS = ['debian', 'debian-security'] as const;

/** The mirrors are those of this host's APT. */
export async function startRelay(signal: AbortSignal): Promise<Relay> {
  const bases = new Map<string, string>();
  for (const origin of ORIGINS) bases.set(origin, await hostUpstream(origin, signal));
  const rules = await hostProxies(process.env, signal);
  const hasProxy = rules.proxies.http !== undefined;
  return await relayOf(bases, await makeUpstream(rules), hasProxy, signal);
}

/**
 * @param bases origin → base URL, without a trailing slash
 * @param upstream is ended with the relay
 */
export async function relayOf(
  bases: ReadonlyMap<string, string>,
  upstream: Upstream,
  hasProxy: boolean,
  signal: AbortSignal,
): Promise<Relay> {
  let fetched: Fetched[] = [];
  const server = createServer((request, response) => {
    void answer(request, response, { bases, upstream, signal, note: (file) => fetched.push(file) });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  // Named as a proxy, it leads to itself and nowhere else.
  server.on('connect', (_request, client) => {
    const self = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(self).pipe(client);
    });
    for (const [one, other] of [
      [self, client],
      [client, self],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url: (origin) => `${url}/${origin}`,
    take() {
      const all = fetched;
      fetched = [];
      return all;
    },
    env: hasProxy ? { http_proxy: url } : {},
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await upstream[Symbol.asyncDispose]();
    },
  };
}

interface Answering {
  readonly bases: ReadonlyMap<string, string>;
  readonly upstream: Upstream;
  readonly signal: AbortSignal;
  readonly note: (file: Fetched) => void;
}

async function answer(request: IncomingMessage, response: ServerResponse, of: Answering): Promise<void> {
  const asked = partsOf(request.url ?? '/');
  const base = asked === undefined ? undefined : of.bases.get(asked.origin);
  if (asked === undefined || base === undefined || request.method !== 'GET') {
    response.writeHead(request.method === 'GET' ? 404 : 405).end();
    return;
  }
  let bytes = 0;
  try {
    const body = await of.upstream.open(`${base}/${asked.path}`, of.signal);
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    for await (const piece of body) {
      bytes += piece.length;
      if (!response.write(piece)) await drained(response);
    }
    response.end();
  } catch (error) {
    const isMissing = error instanceof MayflyError && error.code === 'archive.not-found';
    if (response.headersSent) response.destroy();
    else response.writeHead(isMissing ? 404 : 502).end(`${messageOf(error)}\n`);
  } finally {
    if (bytes > 0) of.note({ ...asked, bytes });
  }
}

/** Or gone: who asked may hang up. */
async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) throw new Error('Who asked hung up.');
  await new Promise<void>((resolve) => {
    const end = (): void => {
      response.off('drain', end).off('close', end);
      resolve();
    };
    response.once('drain', end).once('close', end);
  });
}

/** `/debian/dists/…` as an origin and a path. Percent signs stay as they are. Pure. */
export function partsOf(url: string): { readonly origin: string; readonly path: string } | undefined {
  const [, origin, path] = /^\/+([a-z0-9-]+)\/+([^?#]+)/.exec(url) ?? [];
  return origin === undefined || path === undefined ? undefined : { origin, path };
}

export function kindOf(path: string): FileKind {
  if (/(?:^|\/)(?:InRelease|Release|Release\.gpg)$/.test(path)) return 'signed';
  return path.startsWith('dists/') ? 'index' : 'package';
}

/** Bytes of some kinds, of all by default. Pure. */
export function bytesOf(fetched: readonly Fetched[], kinds?: readonly FileKind[]): number {
  return fetched
    .filter(({ path }) => kinds === undefined || kinds.includes(kindOf(path)))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}
