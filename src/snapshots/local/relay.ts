/** Hands on a file of a snapshot service as it comes. APT checks it, as it would check the service's own answer. */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ExpectedFile } from './files.js';
import type { Upstream } from '../upstream.js';

/** @returns what was handed on */
export async function relayFile(
  upstream: Upstream,
  url: string,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<ExpectedFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  const content = await upstream.open(url, signal);
  await pipeline(async function* () {
    for await (const piece of content) {
      hash.update(piece);
      bytes += piece.length;
      yield piece;
    }
  }, response);
  return { sha256: hash.digest('hex'), bytes };
}
