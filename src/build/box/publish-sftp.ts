/** Publishes a base box to another host. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boxName, publishedVersion, withVersion, type Catalogue } from '../../basebox/catalogue.js';
import { boxInfo } from '../../basebox/package.js';
import { MayflyError } from '../../errors.js';
import { scratchFolder } from '../../paths.js';
import { makeScratch } from '../../process/scratch.js';
import { quoteSftp, sftp, type SftpTarget } from '../../process/sftp.js';
import type { Context } from '../context.js';
import { catalogueText, pack, readCatalogue, told, type Published, type PublishRequest } from './parcel.js';

const ATTEMPTS = 5;

export async function publishBySftp(
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
    const known = join(scratch.path, 'known.json');
    await rm(known, { force: true });
    // Whether there is one is asked first: sftp says "not found" of what it may not read, too.
    const folder = quoteSftp(target.path);
    const list = await sftp(target, [`-mkdir ${folder}`, `cd ${folder}`, 'ls -1'], options);
    if (!list.stdout.split('\n').includes(`${name}.json`)) return undefined;
    await sftp(target, [`get ${there(`${name}.json`)} known.json`], options);
    return await readCatalogue(known);
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
