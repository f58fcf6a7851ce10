/** Fetching from archives over HTTP, through the proxies that this host's APT or environment names. */
import { setMaxListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import { MayflyError } from '../errors.js';
import { proxyFor, type ProxyRules } from './host-proxy.js';

export interface Upstream extends AsyncDisposable {
  /**
   * The body of a file as it comes. Where the server breaks off, the rest is asked for.
   * @throws MayflyError `archive.not-found` for 404 and 410, `archive.unreachable` for all else
   */
  open(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** A whole file that is not large. @throws as `open`, and `archive.too-large` beyond `most` bytes */
  read(url: string, signal: AbortSignal, most?: number): Promise<Buffer>;
}

/** Bytes. The largest InRelease file of Debian has some 300 kB. */
const MOST = 16 * 1024 * 1024;
/** Milliseconds: to connect, and between two pieces of an answer. */
const SILENCE_MS = 30_000;
/** Files at a time from one host. */
const CONNECTIONS = 8;

/** @param rules which proxy each file is fetched through; undefined for none */
export async function makeUpstream(rules: ProxyRules | undefined): Promise<Upstream> {
  // Loaded here: most commands fetch nothing, and it takes a tenth of a second.
  const { Agent, interceptors, ProxyAgent } = await import('undici');
  const options = {
    connections: CONNECTIONS,
    connect: { timeout: SILENCE_MS },
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  };
  const direct = new Agent(options);
  const agents = new Map<string | undefined, Dispatcher>([[undefined, direct]]);
  const agentFor = (url: URL): Dispatcher => {
    const proxy = rules === undefined ? undefined : proxyFor(rules, url);
    const agent = agents.get(proxy) ?? new ProxyAgent({ ...options, uri: proxy ?? '' });
    agents.set(proxy, agent);
    return agent;
  };
  const dispatcher = direct.compose(
    // The first is the innermost: a redirection to another host has the proxy of that one.
    () => (request, handler) => agentFor(new URL(request.origin ?? '')).dispatch(request, handler),
    interceptors.redirect({ maxRedirections: 5 }),
    interceptors.retry({ maxRetries: 2, minTimeout: 300, maxTimeout: 3000 }),
  );
  const open = (url: string, signal: AbortSignal) => request(dispatcher, url, signal);
  return {
    open,
    async read(url, signal, most = MOST) {
      const pieces: Uint8Array[] = [];
      let bytes = 0;
      for await (const piece of await open(url, signal)) {
        bytes += piece.length;
        if (bytes > most) throw tooLarge(url, most);
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...agents.values()].map((agent) => agent.close()));
    },
  };
}

async function request(
  dispatcher: Dispatcher,
  url: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const { request: send } = await import('undici');
  // Each request listens to it, and there are many at a time.
  setMaxListeners(0, signal);
  let response;
  try {
    response = await send(url, { dispatcher, signal, headers: { 'user-agent': 'mayfly' } });
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(url, reasonOf(error), error);
  }
  const { statusCode, body } = response;
  if (statusCode === 200) return pieces(url, body, signal);
  await body.dump();
  if (statusCode === 404 || statusCode === 410) {
    throw new MayflyError('host', 'archive.not-found', `The archive has no ${url} (HTTP ${statusCode}).`);
  }
  throw unreachable(url, `HTTP ${statusCode}`);
}

async function* pieces(
  url: string,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(url, reasonOf(error), error);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (hasChanged(error)) return 'it changed on the server while it was fetched';
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message || error.name;
}

/** The rest of a file is asked for with If-Match: the server refuses, or hands out another state of it all the same. */
const hasChanged = (error: Error): boolean =>
  ('statusCode' in error && error.statusCode === 412) || error.message === 'ETag mismatch';

function unreachable(url: string, reason: string, cause?: unknown): MayflyError {
  return new MayflyError(
    'host',
    'archive.unreachable',
    `The archive could not be reached. ${url}: ${reason}.`,
    {
      hint: 'Is the network up, and the address right? --offline builds from what is stored already.',
      cause,
    },
  );
}

function tooLarge(url: string, most: number): MayflyError {
  return new MayflyError('host', 'archive.too-large', `${url} has more than ${most} bytes.`);
}
