/** What publishing a base box to a folder and to another host have in common. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCatalogue, type Catalogue } from '../../basebox/catalogue.js';
import { exportBox } from '../../basebox/package.js';
import type { Box } from '../../basebox/store.js';
import { hasCode } from '../../errors.js';
import { hashFile } from '../../process/hash-file.js';
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

/** A box and the names that it has where it is published. */
export interface Parcel {
  readonly file: string;
  readonly name: string;
  readonly sha256: string;
}

export async function pack(context: Context, box: Box, scratch: string): Promise<Parcel> {
  const file = join(scratch, 'package.box');
  await exportBox(box, 'vagrant', file, scratch, context.signal);
  const sha256 = await hashFile(file, context.signal);
  const label = box.record.label.replaceAll('+', '-');
  return { file, sha256, name: `${label}-${sha256.slice(0, 12)}.box` };
}

export const told = (name: string, version: string, url: string, isNew: boolean): Published => ({
  name,
  version,
  url,
  catalogue: `${name}.json`,
  isNew,
});

export const catalogueText = (catalogue: Catalogue): string => `${JSON.stringify(catalogue, null, 2)}\n`;

export async function readCatalogue(path: string): Promise<Catalogue | undefined> {
  try {
    return parseCatalogue(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
