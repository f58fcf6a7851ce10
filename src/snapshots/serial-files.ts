/**
 * Serial files: `<directory>/<origin>/serial` holds `latest` or the serial of a snapshot. One
 * directory freezes the base box, another the image.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../errors.js';
import { checkSerial, LATEST } from './serial.js';

/** Origin → serial. */
export type Serials = Readonly<Record<string, string>>;

const serialFile = (directory: string, origin: string): string => join(directory, origin, 'serial');

/**
 * The serial of one origin; `latest` when there is no file.
 * @throws MayflyError `serial.invalid`
 */
export async function readSerial(directory: string, origin: string): Promise<string> {
  const file = serialFile(directory, origin);
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return LATEST;
    throw error;
  }
  return checkSerial(text, file);
}

/** Writes a serial in one step; the folder is made when it is missing. */
export async function writeSerial(directory: string, origin: string, serial: string): Promise<void> {
  const file = serialFile(directory, origin);
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.new`;
  await writeFile(temporary, `${checkSerial(serial, 'The new serial')}\n`);
  await rename(temporary, file);
}
