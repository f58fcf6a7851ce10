/**
 * Publishes a base box: its file, and a version in the catalogue that `vagrant box add` and `mayfly
 * box import` read. The file goes first, and each comes into place by a rename: whoever reads the
 * catalogue meanwhile finds what it names. A transfer that was cut off goes on where it stopped.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  boxName,
  parseCatalogue,
  publishedVersion,
  withVersion,
  type Catalogue,
} from '../../basebox/catalogue.js';
import { boxInfo, exportBox } from '../../basebox/package.js';
import type { Box } from '../../basebox/store.js';
import { hasCode, MayflyError } from '../../errors.js';
import { scratchFolder } from '../../paths.js';
import { hashFile } from '../../process/hash-file.js';
import { lock } from '../../process/lock.js';
import { makeScratch } from '../../process/scratch.js';
import { parseSftpUrl, quoteSftp, sftp, type SftpTarget } from '../../process/sftp.js';
import type { Context } from '../context.js';

export interface PublishRequest {
  readonly box: Box;
  /** A folder of this host, or `sftp://[user@]host[:port]/path`. */
  readonly to: string;
  /** Where the folder is served, without a trailing slash. Default, for a folder of this host: file://. */
  readonly baseUrl: string | undefined;
}

export interface Published {
  readonly name: string;
  readonly version: string;
  readonly url: string;
  /** Name of the catalogue in the folder. */
  readonly catalogue: string;
  /** False when this very box was there already. */
  readonly isNew: boolean;
}

export async function publishBox(context: Context, request: PublishRequest): Promise<Published> {
  const isRemote = /^[a-z]+:\/\//.test(request.to);
  if (!isRemote) return await publishToFolder(context, request, resolve(context.cwd, request.to));
  const target = parseSftpUrl(request.to.replace(/^ssh:/, 'sftp:'));
  if (request.baseUrl === undefined) {
    throw new MayflyError('usage', 'publish.base-url', 'Where will the boxes be fetched from?', {
      hint: 'Give --base-url: the address at which that folder is served.',
    });
  }
  return await publishBySftp(context, request, target, request.baseUrl);
}

/** A box and the names that it has where it is published. */
interface Parcel {
  readonly file: string;
  readonly name: string;
  readonly sha256: string;
}

async function pack(context: Context, box: Box, scratch: string): Promise<Parcel> {
  const file = join(scratch, 'package.box');
  await exportBox(box, 'vagrant', file, scratch, context.signal);
  const sha256 = await hashFile(file, context.signal);
  const label = box.record.label.replaceAll('+', '-');
  return { file, sha256, name: `${label}-${sha256.slice(0, 12)}.box` };
}

async function publishToFolder(
  context: Context,
  request: PublishRequest,
  folder: string,
): Promise<Published> {
  const info = boxInfo(request.box.record);
  const name = boxName(info);
  const path = join(folder, `${name}.json`);
  await mkdir(folder, { recursive: true });
  await using _lock = await lock(join(folder, '.publish.lock'), {
    purpose: `publishes ${name}`,
    signal: context.signal,
  });
  const known = await readCatalogue(path);
  const there = publishedVersion(known, info);
  if (there !== undefined) return told(name, there.version, there.providers[0]?.url ?? '', false);
  // On the same disk, so that the file comes into place by a rename.
  await using scratch = await makeScratch(folder, 0o700);
  const parcel = await pack(context, request.box, scratch.path);
  await rename(parcel.file, join(folder, parcel.name));
  const base = request.baseUrl?.replace(/\/+$/, '') ?? pathToFileURL(folder).href;
  const url = `${base}/${encodeURIComponent(parcel.name)}`;
  const catalogue = withVersion(known, { info, url, sha256: parcel.sha256 });
  await writeFile(`${path}.${process.pid}.new`, catalogueText(catalogue), { flush: true });
  await rename(`${path}.${process.pid}.new`, path);
  return told(name, catalogue.versions[0]?.version ?? '', url, true);
}

async function publishBySftp(
  context: Context,
  { box }: PublishRequest,
  target: SftpTarget,
  baseUrl: string,
): Promise<Published> {
  const info = boxInfo(box.record);
  const name = boxName(info);
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  const options = { cwd: scratch.path, env: context.env, signal: context.signal };
  const there = (file: string): string => quoteSftp(`${target.path}/${file}`);
  const fetchCatalogue = async (): Promise<Catalogue | undefined> => {
    await sftp(
      target,
      [`-mkdir ${quoteSftp(target.path)}`, `-get ${there(`${name}.json`)} known.json`],
      options,
    );
    return await readCatalogue(join(scratch.path, 'known.json'));
  };
  const before = await fetchCatalogue();
  const published = publishedVersion(before, info);
  if (published !== undefined) return told(name, published.version, published.providers[0]?.url ?? '', false);
  const parcel = await pack(context, box, scratch.path);
  const part = `${parcel.name}.part`;
  // reput goes on with what an earlier transfer left: the name has the file's checksum.
  await sftp(target, [`reput package.box ${there(part)}`], options).catch(async (error: unknown) => {
    // There is nothing to go on with.
    if (context.signal.aborted) throw error;
    return await sftp(target, [`put package.box ${there(part)}`], options);
  });
  await sftp(target, [`-rm ${there(parcel.name)}`, `rename ${there(part)} ${there(parcel.name)}`], options);
  const url = `${baseUrl.replace(/\/+$/, '')}/${encodeURIComponent(parcel.name)}`;
  // Somebody else may publish at the same time: look whether ours is there afterwards.
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const catalogue = withVersion(await fetchCatalogue(), { info, url, sha256: parcel.sha256 });
    await writeFile(join(scratch.path, 'new.json'), catalogueText(catalogue));
    const fresh = `${name}.json.${parcel.sha256.slice(0, 12)}.new`;
    await sftp(
      target,
      [`put new.json ${there(fresh)}`, `rename ${there(fresh)} ${there(`${name}.json`)}`],
      options,
    );
    const kept = publishedVersion(await fetchCatalogue(), info);
    if (kept !== undefined) return told(name, kept.version, url, true);
  }
  throw new MayflyError(
    'host',
    'publish.contended',
    `The catalogue of ${name} is written by others all the time.`,
    {
      hint: 'Try again.',
    },
  );
}

const ATTEMPTS = 5;

const told = (name: string, version: string, url: string, isNew: boolean): Published => ({
  name,
  version,
  url,
  catalogue: `${name}.json`,
  isNew,
});

const catalogueText = (catalogue: Catalogue): string => `${JSON.stringify(catalogue, null, 2)}\n`;

async function readCatalogue(path: string): Promise<Catalogue | undefined> {
  try {
    return parseCatalogue(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
