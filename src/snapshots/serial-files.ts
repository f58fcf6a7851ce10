/**
 * Serial files: `<directory>/<origin>/serial` holds `latest` or the serial of a snapshot. One
 * directory freezes the base box, another the image.
 *
 * A serial of the local archive counts the snapshots of one host. What it stands for, for everybody,
 * is beside it: `<directory>/<origin>/InRelease.sha256` has the SHA-256 of each suite's InRelease
 * file, in the form of sha256sum(1), below a comment that names the serial: whoever changes one of the two files by
 * hand, or merges them from two branches, is told. Where the file is missing the serial alone counts.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, MayflyError } from '../errors.js';
import { writeOver } from './local/write-new.js';
import { checkSerial, isFrozen, LATEST } from './serial.js';

/** Origin → serial. */
export type Serials = Readonly<Record<string, string>>;

/** A serial, and suite → SHA-256 of its InRelease file; empty where that is not known. */
export interface FrozenState {
  readonly serial: string;
  readonly releases: Readonly<Record<string, string>>;
}

/** Of a file that this program wrote; others may have none. */
const OF_SERIAL = /^# serial (\S+)$/m;

const serialFile = (directory: string, origin: string): string => join(directory, origin, 'serial');
const releasesFile = (directory: string, origin: string): string =>
  join(directory, origin, 'InRelease.sha256');

/**
 * The serial of one origin; `latest` when there is no file.
 * @throws MayflyError `serial.invalid`
 */
export async function readSerial(directory: string, origin: string): Promise<string> {
  const file = serialFile(directory, origin);
  const text = await readOptional(file);
  return text === undefined ? LATEST : checkSerial(text.trim(), file);
}

/** @throws MayflyError `serial.invalid`, `serial.releases` */
export async function readState(directory: string, origin: string): Promise<FrozenState> {
  const serial = await readSerial(directory, origin);
  const file = releasesFile(directory, origin);
  const text = await readOptional(file);
  if (text === undefined) return { serial, releases: {} };
  if (isFrozen(serial)) {
    const releases = parseReleases(text, file);
    const [, of = serial] = OF_SERIAL.exec(text) ?? [];
    if (of !== serial) throw ofAnotherSerial(file, origin, serial, of);
    return { serial, releases };
  }
  throw new MayflyError(
    'usage',
    'serial.releases',
    `${file} has the checksums of a state, but no serial stands beside it: ${origin} is at latest.`,
    { hint: `Remove it, or write both again: mayfly snapshots freeze ${origin}.` },
  );
}

function ofAnotherSerial(file: string, origin: string, serial: string, of: string): MayflyError {
  return new MayflyError(
    'usage',
    'serial.releases',
    `${file} says what ${of} stands for, but the serial beside it is ${serial}.`,
    {
      details: ['The checksums decide, so the packages would be those of the other serial.'],
      hint: `Write both: mayfly snapshots set ${origin} ${serial}, or mayfly snapshots freeze ${origin}.`,
    },
  );
}

/**
 * Pure.
 * @param where for the message
 * @throws MayflyError `serial.releases` for a file that names no suite, or one in two ways, as a merge leaves it
 */
export function parseReleases(text: string, where: string): FrozenState['releases'] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (lines.length === 0) {
    throw badReleases(`${where} has no checksum.`);
  }
  const releases = new Map<string, string>();
  for (const line of lines) {
    const [, sha256, suite] = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line.trimEnd()) ?? [];
    if (sha256 === undefined || suite === undefined) {
      const found = JSON.stringify(line.slice(0, 100));
      throw badReleases(`${where} has a line that is no checksum of a suite: ${found}.`);
    }
    if ((releases.get(suite) ?? sha256) !== sha256) {
      throw badReleases(`${where} has two checksums of ${suite}: did a merge join two states?`);
    }
    releases.set(suite, sha256);
  }
  return Object.fromEntries(releases);
}

function badReleases(message: string): MayflyError {
  return new MayflyError('usage', 'serial.releases', message, {
    hint: 'Each line is a SHA-256, two blanks and a suite. `mayfly snapshots freeze` writes it.',
  });
}

/** Writes the files of one origin; the folder is made when it is missing. */
export async function writeState(directory: string, origin: string, state: FrozenState): Promise<void> {
  const serial = checkSerial(state.serial, 'The new serial');
  const suites = Object.entries(state.releases).sort(([a], [b]) => (a < b ? -1 : 1));
  // First what would contradict the new serial goes.
  await rm(releasesFile(directory, origin), { force: true });
  await writeOver(serialFile(directory, origin), `${serial}\n`);
  if (suites.length > 0) {
    const lines = suites.map(([suite, sha256]) => `${sha256}  ${suite}\n`);
    await writeOver(releasesFile(directory, origin), [`# serial ${serial}\n`, ...lines].join(''));
  }
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
