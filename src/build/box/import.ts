/** Brings a published base box into the store of this host, when it is what it says. */
import { createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { chosenVersion, isLibvirt, parseCatalogue } from '../../basebox/catalogue.js';
import { findBox, type Box } from '../../basebox/store.js';
import { storeUnpacked, unpackBox } from '../../basebox/unpack.js';
import { hasCode, MayflyError } from '../../errors.js';
import { boxesFolder } from '../../paths.js';
import { hashFile } from '../../process/hash-file.js';
import { lock } from '../../process/lock.js';
import { makeScratch, publicScratchParent } from '../../process/scratch.js';
import { hostProxy, makeUpstream } from '../../snapshots/upstream.js';
import type { Context } from '../context.js';
import { boxLock, type EnsuredBox } from './ensure.js';

export interface ImportRequest {
  /** A catalogue (`.json`) or a box file: a path, or a URL. */
  readonly from: string;
  /** Of a catalogue. Default: the newest. */
  readonly version: string | undefined;
  /** What the raw disk must be: from a build record, or from who made the box. */
  readonly diskSha256: string | undefined;
}

export async function importBox(context: Context, request: ImportRequest): Promise<EnsuredBox> {
  // The raw disk is written for a moment: where base boxes are made there is room for it.
  await using scratch = await makeScratch(publicScratchParent(context.env), 0o700);
  const { file, sha256 } = await bring(context, request, scratch.path);
  if (sha256 !== undefined) {
    const found = await hashFile(file, context.signal);
    if (found !== sha256) throw damaged(file, sha256, found);
  }
  await using unpacked = await makeScratch(scratch.path, 0o700);
  const store = boxesFolder(context.home);
  const job = {
    file,
    diskSha256: request.diskSha256,
    store,
    scratch: unpacked.path,
    signal: context.signal,
  };
  const claimed = await unpackBox(job);
  await using _box = await lock(boxLock(context, claimed.fingerprint), {
    purpose: `imports base box ${claimed.fingerprint.slice(0, 12)}`,
    signal: context.signal,
  });
  const known = await findBox(store, claimed.fingerprint);
  if (known !== undefined) return { box: sameAs(known, claimed.diskSha256), reused: true };
  return { box: await storeUnpacked(job), reused: false };
}

/** The same inputs must have given the same bytes. */
function sameAs(known: Box, diskSha256: string): Box {
  if (known.record.diskSha256 === diskSha256) return known;
  throw new MayflyError(
    'refused',
    'box.other-content',
    `The base box ${known.record.label} is here already, with another disk.`,
    {
      details: [`here: ${known.record.diskSha256}`, `there: ${diskSha256}`],
      hint: 'One of the two is not what its inputs make: `mayfly box create --twice` says which is right here.',
    },
  );
}

interface BroughtFile {
  readonly file: string;
  /** What it must be, as its catalogue says. */
  readonly sha256: string | undefined;
}

async function bring(context: Context, request: ImportRequest, scratch: string): Promise<BroughtFile> {
  const first = await fetched(context, request.from, join(scratch, 'first'));
  if (!new URL(request.from, 'file:///').pathname.endsWith('.json')) {
    if (request.version === undefined) return { file: first, sha256: undefined };
    throw new MayflyError(
      'usage',
      'import.version',
      '--version is for a catalogue, whose name ends in .json.',
    );
  }
  const catalogue = parseCatalogue(await readFile(first, 'utf8'), request.from);
  const provider = chosenVersion(catalogue, request.version).providers.find(isLibvirt);
  if (provider?.checksum === undefined || provider.checksum_type !== 'sha256') {
    throw new MayflyError('host', 'catalogue.no-checksum', `${request.from} gives no SHA-256 of the box.`, {
      hint: '`mayfly box publish` does.',
    });
  }
  const file = await fetched(context, provider.url, join(scratch, 'package.box'));
  return { file, sha256: provider.checksum.toLowerCase() };
}

/** A path of this host as it is; what is elsewhere is fetched. @returns the path of the file */
async function fetched(context: Context, from: string, target: string): Promise<string> {
  if (/^https?:\/\//.test(from)) {
    await using upstream = await makeUpstream(await hostProxy(context.env, context.signal));
    await pipeline(await upstream.open(from, context.signal), createWriteStream(target, { mode: 0o600 }));
    return target;
  }
  const path = from.startsWith('file://') ? fileURLToPath(from) : resolve(context.cwd, from);
  await stat(path).catch((error: unknown) => {
    throw hasCode(error, 'ENOENT')
      ? new MayflyError('usage', 'import.missing', `There is no file ${path}.`, {
          hint: 'Name a catalogue (NAME.json) or a box file: a path, or an http or https address.',
        })
      : error;
  });
  return path;
}

function damaged(file: string, wanted: string, found: string): MayflyError {
  return new MayflyError('host', 'box.wrong-file', `${file} is not the box that its catalogue names.`, {
    details: [`SHA-256: expected ${wanted}, got ${found}`],
    hint: 'Fetch it again, or ask who publishes it.',
  });
}
