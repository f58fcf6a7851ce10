/**
 * Serves the local archive over HTTP, to APT on this host, in a VM, or to a team. Pool files are
 * fetched from upstream when they are first asked for.
 *
 *   /ORIGIN/SERIAL/dists/…  /ORIGIN/SERIAL/pool/…   a snapshot
 *   /TAG/ORIGIN/…                                   a tagged one
 *   /ORIGIN/project/trace/ORIGIN                    names the newest serial
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';
import { isAborted, MayflyError, messageOf } from '../../errors.js';
import type { Upstream } from '../upstream.js';
import { snapshotAt, type SnapshotAddress } from './address.js';
import { FileFetcher, type FileSource } from './fetch-file.js';
import { SnapshotFinder } from './find-file.js';
import { archiveParts, storedFile } from './layout.js';
import { parseArchivePath } from './resolve-path.js';
import { listSerials, type Snapshot } from './snapshot.js';

/** One file that was served. */
export interface ServedFile {
  readonly origin: string;
  /** As the address has it; of a tagged snapshot the tag. */
  readonly serial: string;
  /** Below the origin's base URL. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly source: FileSource;
}

export interface ServerOptions {
  /** Folder of the local archive. */
  readonly archive: string;
  /** Undefined when nothing may be fetched. */
  readonly upstream: Upstream | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any that is free. */
  readonly port?: number;
  readonly signal: AbortSignal;
  /** What an address stands for. Default: the archive's own snapshots, and those of tags. */
  readonly find?: (address: SnapshotAddress) => Promise<Snapshot | undefined>;
  /** Mirrors of an origin to ask before the one that a snapshot was taken from. Default: none. */
  readonly mirrors?: (origin: string) => readonly string[];
  readonly onServed?: (file: ServedFile) => void;
  /** Told how many bytes came from upstream, as they come; negative when they were in vain. */
  readonly onBytes?: (bytes: number) => void;
  /** Told what could not be served, and why. */
  readonly onFailure?: (path: string, error: unknown) => void;
}

export interface ArchiveServer extends AsyncDisposable {
  readonly port: number;
  /** Base URL of all: `http://127.0.0.1:PORT`. */
  readonly url: string;
}

/** @throws MayflyError `archive.port` when the address is taken or not ours */
export async function startArchiveServer(options: ServerOptions): Promise<ArchiveServer> {
  const handler = new Handler(options);
  const server = createServer((request, response) => {
    void handler.answer(request, response);
  });
  // APT keeps a connection for as long as it works; a build has pauses.
  server.keepAliveTimeout = 120_000;
  const host = options.host ?? '127.0.0.1';
  await listen(server, host, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new MayflyError('host', 'archive.port', `Cannot listen on ${host}, port ${port}: ${error.message}.`, {
          hint: 'Choose another: --listen ADDRESS:PORT.',
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

class Handler {
  readonly #finders = new Map<string, Promise<SnapshotFinder | undefined>>();
  /** What a tag's finder is of: the tag may be removed, and given again. */
  readonly #tagged = new Map<string, string>();
  readonly #fetcher: FileFetcher;

  constructor(private readonly options: ServerOptions) {
    this.#fetcher = new FileFetcher(options.archive, options.upstream, options.signal, options.onBytes);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') plain(response, 405, 'Only GET and HEAD.\n');
      else await this.#serve(path, request, response);
    } catch (error) {
      if (!isAborted(this.options.signal)) this.options.onFailure?.(path, error);
      if (response.headersSent) response.destroy();
      else plain(response, statusOf(error), `${messageOf(error)}\n`);
    }
  }

  async #serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { archive } = this.options;
    const parsed = parseArchivePath(path);
    if (parsed?.kind === 'trace') {
      const newest = (await listSerials(archiveParts(archive).snapshots, parsed.origin)).at(-1);
      if (newest === undefined) plain(response, 404, 'No snapshot of this origin.\n');
      else plain(response, 200, `Archive serial: ${newest}\n`);
      return;
    }
    const finder = parsed === undefined ? undefined : await this.#finder(parsed);
    if (parsed === undefined || finder === undefined) {
      plain(response, 404, 'There is no such snapshot.\n');
      return;
    }
    const { origin } = parsed;
    const serial = parsed.kind === 'snapshot' ? parsed.serial : parsed.tag;
    const file = await finder.find(parsed.path);
    if (file === undefined) {
      plain(response, 404, `The snapshot ${serial} of ${origin} has no ${parsed.path}.\n`);
      return;
    }
    const source = await this.#fetcher.ensure(file);
    if (file.date !== undefined) response.setHeader('Last-Modified', file.date.toUTCString());
    response.setHeader('ETag', `"${file.sha256}"`);
    exactConditions(request, response);
    await sendFile(request, response, storedFile(archive, file.sha256));
    const { sha256, bytes } = file;
    this.options.onServed?.({ origin, serial, path: parsed.path, sha256, bytes, source });
  }

  async #finder(address: SnapshotAddress): Promise<SnapshotFinder | undefined> {
    const { archive, signal, find, mirrors } = this.options;
    const key =
      address.kind === 'snapshot'
        ? `${address.origin}/${address.serial}`
        : `tag ${address.tag}/${address.origin}`;
    const ask = find ?? ((asked: SnapshotAddress) => snapshotAt(archive, asked));
    if (address.kind !== 'snapshot') {
      const now = JSON.stringify(await ask(address));
      if (this.#tagged.get(key) !== now) this.#finders.delete(key);
      this.#tagged.set(key, now);
    }
    let finder = this.#finders.get(key);
    if (finder === undefined) {
      finder = ask(address).then((snapshot) =>
        snapshot === undefined
          ? undefined
          : new SnapshotFinder(archive, snapshot, signal, mirrors?.(address.origin)),
      );
      this.#finders.set(key, finder);
    }
    const found = await finder.catch((error: unknown) => {
      this.#finders.delete(key);
      throw error;
    });
    // A snapshot that is unknown now may be taken later.
    if (found === undefined) this.#finders.delete(key);
    return found;
  }
}

/**
 * A date that is not the file's own is of another state, be it newer: what is asked for again is then sent whole. HTTP
 * lets a server answer that nothing has changed since (RFC 9110, 13.1.3), which is untrue where states go back in time.
 */
function exactConditions({ headers }: IncomingMessage, response: ServerResponse): void {
  const [date, tag] = [response.getHeader('Last-Modified'), response.getHeader('ETag')];
  // A package has none: its path stands for one content in all states.
  if (date === undefined) return;
  if (headers['if-modified-since'] !== date) delete headers['if-modified-since'];
  const range = headers['if-range'];
  if (range !== undefined && range !== date && range !== tag) delete headers.range;
}

/** Ranges, conditions and lengths are the library's. */
async function sendFile(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  const { default: send } = await import('send');
  await new Promise<void>((resolve, reject) => {
    const stream = send(request, basename(path), {
      root: dirname(path),
      cacheControl: false,
      index: false,
      dotfiles: 'allow',
    });
    stream.on('headers', (reply: ServerResponse) => {
      reply.setHeader('Content-Type', 'application/octet-stream');
    });
    stream.on('error', reject);
    response.once('close', resolve);
    stream.pipe(response);
  });
}

/** APT in a VM may ask through a proxy of ours: then the whole address is the path. */
function pathOf(request: IncomingMessage): string {
  try {
    return new URL(request.url ?? '/', 'http://archive.invalid').pathname;
  } catch {
    return '/';
  }
}

function statusOf(error: unknown): number {
  if (!(error instanceof MayflyError)) return 500;
  switch (error.code) {
    case 'archive.not-found':
      return 404;
    case 'archive.offline':
      return 503;
    default:
      return 502;
  }
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}
