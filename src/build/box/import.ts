/** Brings a published base box into the store of this host, when it is what it says. */
import { boxIdentity } from '../../basebox/identity.js';
import { findBox, type Box } from '../../basebox/store.js';
import { storeUnpacked, unpackBox } from '../../basebox/unpack.js';
import { MayflyError } from '../../errors.js';
import { boxesFolder } from '../../paths.js';
import { hashFile } from '../../process/hash-file.js';
import { lock } from '../../process/lock.js';
import { makeScratch, publicScratchParent } from '../../process/scratch.js';
import type { Context } from '../context.js';
import { bring } from './bring.js';
import { boxLock, type EnsuredBox } from './ensure.js';

export interface ImportRequest {
  /** A catalogue (`.json`) or a box file: a path, or a URL. */
  readonly from: string;
  /** Of a catalogue. Default: the newest. */
  readonly version: string | undefined;
  /** What the raw disk must be: from a build record, or from who made the box. */
  readonly diskSha256: string | undefined;
  /** What all of it must be: `mayfly box show` and `box publish` print it. */
  readonly identity: string | undefined;
}

export async function importBox(context: Context, request: ImportRequest): Promise<EnsuredBox> {
  const asked = {
    diskSha256: checksum(request.diskSha256, '--disk-sha256'),
    identity: checksum(request.identity, '--identity'),
  };
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
    ...asked,
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
  if (known !== undefined) {
    await compare(known, asked);
    return { box: sameAs(known, claimed.diskSha256), reused: true };
  }
  return { box: await storeUnpacked(job), reused: false };
}

/** @throws MayflyError `import.checksum` (usage) */
function checksum(text: string | undefined, flag: string): string | undefined {
  if (text === undefined || /^[0-9a-f]{64}$/i.test(text)) return text?.toLowerCase();
  throw new MayflyError('usage', 'import.checksum', `${flag}: ${JSON.stringify(text)} is no SHA-256.`, {
    hint: 'It has 64 hexadecimal digits.',
  });
}

/** What is asked for is asked for of what is here, too. */
async function compare(
  known: Box,
  { diskSha256, identity }: Pick<ImportRequest, 'diskSha256' | 'identity'>,
): Promise<void> {
  const { label } = known.record;
  if (diskSha256 !== undefined && diskSha256 !== known.record.diskSha256)
    throw notAsked(label, 'disk', known.record.diskSha256, diskSha256);
  if (identity === undefined) return;
  const found = await boxIdentity(known.folder, known.record);
  if (found !== identity) throw notAsked(label, 'identity', found, identity);
}

function notAsked(label: string, what: string, found: string, asked: string): MayflyError {
  return new MayflyError(
    'refused',
    'box.other-content',
    `The base box ${label} is here already, and its ${what} is not what was asked for.`,
    {
      details: [`here: ${found}`, `asked for: ${asked}`],
      hint: 'One of the two is not what its inputs make: `mayfly box create --twice` says which is right here.',
    },
  );
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

function damaged(file: string, wanted: string, found: string): MayflyError {
  return new MayflyError('host', 'box.wrong-file', `${file} is not the box that its catalogue names.`, {
    details: [`SHA-256: expected ${wanted}, got ${found}`],
    hint: 'Fetch it again, or ask who publishes it.',
  });
}
