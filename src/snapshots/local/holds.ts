/** Holds: snapshots of the local archive that must not expire, and why. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, MayflyError } from '../../errors.js';
import { isFrozen } from '../serial.js';
import { archiveParts } from './layout.js';
import { checkOriginName } from './names.js';
import { writeOver } from './write-new.js';

/** @throws MayflyError `origin.name`, `serial.invalid`: they become a path */
function holdFile(archive: string, origin: string, serial: string): string {
  checkOriginName(origin);
  if (!isFrozen(serial)) {
    throw new MayflyError(
      'usage',
      'serial.invalid',
      `${JSON.stringify(serial)} is no serial of a snapshot.`,
      {
        hint: 'A serial is ten digits (YYYYMMDDNN) or a timestamp (YYYYMMDDTHHMMSSZ): see `mayfly snapshots list`.',
      },
    );
  }
  return join(archiveParts(archive).holds, origin, serial);
}

/** Holds a snapshot; a new reason takes the place of an old one. */
export async function holdSnapshot(
  archive: string,
  origin: string,
  serial: string,
  reason: string,
): Promise<void> {
  await writeOver(holdFile(archive, origin, serial), `${reason}\n`);
}

/** @returns false when it was not held */
export async function releaseHold(archive: string, origin: string, serial: string): Promise<boolean> {
  const wasHeld = (await readHold(archive, origin, serial)) !== undefined;
  await rm(holdFile(archive, origin, serial), { force: true });
  return wasHeld;
}

/** The reason, which may be empty; undefined when it is not held. */
export async function readHold(archive: string, origin: string, serial: string): Promise<string | undefined> {
  try {
    return (await readFile(holdFile(archive, origin, serial), 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
