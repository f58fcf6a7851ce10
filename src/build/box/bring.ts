/** Fetches a box file, by its own address or by that of a catalogue. */
import { createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MOST_OF_BOX } from '../../basebox/foreign-disk.js';
import { chosenVersion, isLibvirt, parseCatalogue } from '../../basebox/catalogue.js';
import { hasCode, MayflyError } from '../../errors.js';
import { formatBytes } from '../../report/format.js';
import { hostProxies } from '../../snapshots/host-proxy.js';
import { makeUpstream } from '../../snapshots/upstream.js';
import type { Context } from '../context.js';

/** Bytes: thousands of versions. */
const MOST_OF_CATALOGUE = 16 * 2 ** 20;

export interface BroughtFile {
  readonly file: string;
  /** What it must be, as its catalogue says. */
  readonly sha256: string | undefined;
}

export async function bring(
  context: Context,
  { from, version }: { readonly from: string; readonly version: string | undefined },
  scratch: string,
): Promise<BroughtFile> {
  const address = addressOf(from, context.cwd);
  const isCatalogue = address.pathname.endsWith('.json');
  const most = isCatalogue ? MOST_OF_CATALOGUE : MOST_OF_BOX;
  const first = await fetched(context, address, join(scratch, 'first'), most);
  if (!isCatalogue) {
    if (version === undefined) return { file: first, sha256: undefined };
    throw new MayflyError(
      'usage',
      'import.version',
      '--version is for a catalogue, whose name ends in .json.',
    );
  }
  const catalogue = parseCatalogue(await readFile(first, 'utf8'), from);
  const provider = chosenVersion(catalogue, version).providers.find(isLibvirt);
  if (provider?.checksum === undefined || provider.checksum_type !== 'sha256') {
    throw new MayflyError('host', 'catalogue.no-checksum', `${from} gives no SHA-256 of the box.`, {
      hint: '`mayfly box publish` does.',
    });
  }
  const file = await fetched(
    context,
    addressInCatalogue(address, provider.url),
    join(scratch, 'package.box'),
    MOST_OF_BOX,
  );
  return { file, sha256: provider.checksum.toLowerCase() };
}

/**
 * What a person names: an address, or a path of this host. Pure.
 * @throws MayflyError `import.address` (usage)
 */
export function addressOf(from: string, cwd: string): URL {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(from)) return pathToFileURL(resolve(cwd, from));
  const url = URL.canParse(from) ? new URL(from) : undefined;
  if (url !== undefined && (isRemote(url) || localPath(url) !== undefined)) return url;
  throw new MayflyError('usage', 'import.address', `${from} is no address that boxes can be taken from.`, {
    hint: 'Name a catalogue (NAME.json) or a box file: a path, or an http, https or file:/// address.',
  });
}

/**
 * What a catalogue names: relative to itself, and no file of this host unless the catalogue is one. Pure.
 * @throws MayflyError `catalogue.address`
 */
export function addressInCatalogue(catalogue: URL, text: string): URL {
  const url = URL.canParse(text, catalogue.href) ? new URL(text, catalogue) : undefined;
  const isLocal = !isRemote(catalogue);
  if (url !== undefined && (isRemote(url) || (isLocal && localPath(url) !== undefined))) return url;
  throw new MayflyError(
    'refused',
    'catalogue.address',
    `The catalogue ${catalogue.href} names ${text}, where no box is taken from.`,
    {
      hint: isLocal
        ? 'It may name http, https and file:/// addresses, and paths from its own folder.'
        : 'A catalogue of another host may name http and https addresses only. Tell who publishes it: `mayfly box publish --base-url` writes such.',
    },
  );
}

const isRemote = ({ protocol }: URL): boolean => protocol === 'http:' || protocol === 'https:';

function localPath(url: URL): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/** The same content, as long as it is no larger. @throws MayflyError `import.too-large` */
export async function* atMost(
  content: AsyncIterable<Uint8Array>,
  most: number,
  from: string,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of content) {
    bytes += piece.length;
    if (bytes > most) {
      throw new MayflyError('host', 'import.too-large', `${from} has more than ${formatBytes(most)}.`, {
        hint: 'No base box has as much. Is it the right address?',
      });
    }
    yield piece;
  }
}

/** A file of this host stays where it is; what is elsewhere is fetched. @returns the path of the file */
async function fetched(context: Context, address: URL, target: string, most: number): Promise<string> {
  if (isRemote(address)) {
    await using upstream = await makeUpstream(await hostProxies(context.env, context.signal));
    try {
      const content = await upstream.open(address.href, context.signal);
      await pipeline(atMost(content, most, address.href), createWriteStream(target, { mode: 0o600 }));
    } catch (error) {
      throw notFetched(error, address);
    }
    return target;
  }
  const path = fileURLToPath(address);
  const found = await stat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  });
  if (found?.isFile() === true) return path;
  throw new MayflyError('usage', 'import.missing', `There is no file ${path}.`, {
    hint: 'Name a catalogue (NAME.json) or a box file: a path, or an http or https address.',
  });
}

/** The words of an archive of packages would mislead: nothing else has a box. */
function notFetched(error: unknown, { href }: URL): unknown {
  if (!(error instanceof MayflyError)) return error;
  const { code } = error;
  if (code === 'archive.not-found') {
    return new MayflyError('host', 'import.not-found', `There is no ${href} on its server.`, {
      hint: 'Is the address right? Who publishes the box may have removed it.',
      cause: error,
    });
  }
  if (code !== 'archive.unreachable') return error;
  return new MayflyError('host', 'import.unreachable', `The base box could not be fetched from ${href}.`, {
    details: [error.message.replace('The archive could not be reached. ', '')],
    hint: 'Is the network up, and the address right? Nothing was stored: try again.',
    cause: error,
  });
}
