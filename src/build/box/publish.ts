/**
 * Publishes a base box: its file, and a version in the catalogue that `vagrant box add` and `mayfly
 * box import` read. The file goes first, and each comes into place by a rename: whoever reads the
 * catalogue meanwhile finds what it names. By sftp, a transfer that was cut off goes on where it stopped;
 * into a folder of this host, the file is packed anew.
 */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { boxName, publishedVersion, withVersion } from '../../basebox/catalogue.js';
import { boxInfo } from '../../basebox/package.js';
import { MayflyError } from '../../errors.js';
import { lock } from '../../process/lock.js';
import { makeScratch, reapScratch } from '../../process/scratch.js';
import { parseSftpUrl } from '../../process/sftp.js';
import type { Context } from '../context.js';
import { catalogueText, pack, readCatalogue, told, type Published, type PublishRequest } from './parcel.js';
import { publishBySftp } from './publish-sftp.js';

export async function publishBox(context: Context, request: PublishRequest): Promise<Published> {
  const isRemote = /^[a-z][a-z0-9+.-]*:\/\//i.test(request.to);
  if (!isRemote) return await publishToFolder(context, request, resolve(context.cwd, request.to));
  const target = parseSftpUrl(request.to.replace(/^ssh:/i, 'sftp:'));
  if (request.baseUrl === undefined) {
    throw new MayflyError('usage', 'publish.base-url', 'Where will the boxes be fetched from?', {
      hint: 'Give --base-url: the address at which that folder is served.',
    });
  }
  return await publishBySftp(context, request, target, request.baseUrl);
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
  await removeLeftovers(folder, name);
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

/** What a killed `publish` left in a folder that others look into. The caller holds the folder's lock. */
async function removeLeftovers(folder: string, name: string): Promise<void> {
  await reapScratch(folder);
  for (const entry of await readdir(folder))
    if (entry.startsWith(`${name}.json.`) && /\.\d+\.new$/.test(entry)) await rm(join(folder, entry));
}
