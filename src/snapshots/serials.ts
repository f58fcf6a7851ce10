/**
 * Serial files: `<directory>/<origin>/serial` holds `latest` or the serial of a snapshot. One
 * directory freezes the base box, another the image.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, MayflyError } from '../errors.js';

/** `YYYYMMDDNN` of a snapshot archive, or a timestamp `YYYYMMDDTHHMMSSZ` as snapshot services have. */
const SERIAL = /^(?:latest|\d{10}|\d{8}T\d{6}Z)$/;

/** The serial of one origin; `latest` when there is no file. */
export async function readSerial(directory: string, origin: string): Promise<string> {
  const file = join(directory, origin, 'serial');
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'latest';
    throw error;
  }
  if (!SERIAL.test(text)) {
    throw new MayflyError(
      'usage',
      'serial.invalid',
      `${file} holds ${JSON.stringify(text.slice(0, 40))}, which is no serial.`,
      {
        hint: 'A serial is `latest`, ten digits (YYYYMMDDNN) or a timestamp (YYYYMMDDTHHMMSSZ).',
      },
    );
  }
  return text;
}
