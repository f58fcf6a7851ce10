/**
 * Serials: which state of an origin is meant. `YYYYMMDDNN` counts the snapshots of a day (UTC);
 * a timestamp `YYYYMMDDTHHMMSSZ` is what snapshot services have; `latest` is none yet.
 */
import { MayflyError } from '../errors.js';

export const LATEST = 'latest';

const COUNTED = /^(\d{4})(\d{2})(\d{2})(\d{2})$/;
const TIMESTAMP = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** When the state was published: the day, or the moment. Undefined for `latest` and what is no serial. */
export function serialDate(serial: string): Date | undefined {
  const match = COUNTED.exec(serial) ?? TIMESTAMP.exec(serial);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const isDay = match.length === 5;
  const date = new Date(Date.UTC(year, month - 1, day, ...(isDay ? [] : [hour, minute, second])));
  // Date.UTC takes a 31st of February for a day in March.
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 100 ? date : undefined;
}

/** True for a serial that names one state. */
export function isFrozen(serial: string): boolean {
  return serialDate(serial) !== undefined;
}

/** @throws MayflyError `serial.invalid` @param where what the text was found in, for the message */
export function checkSerial(text: string, where: string): string {
  if (text === LATEST || isFrozen(text)) return text;
  throw new MayflyError(
    'usage',
    'serial.invalid',
    `${where} holds ${JSON.stringify(text.slice(0, 40))}, which is no serial.`,
    { hint: 'A serial is `latest`, ten digits (YYYYMMDDNN) or a timestamp (YYYYMMDDTHHMMSSZ).' },
  );
}

/** Older first. Serials of one archive have one form, and then their order is that of their text. */
export function compareSerials(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const DAY_MS = 24 * 3600 * 1000;

/** Whether it is of a day that has not come: the clock of this host was ahead, or is behind now. Pure. */
export function isAhead(serial: string, now: Date): boolean {
  return (serialDate(serial)?.getTime() ?? 0) > now.getTime();
}

/**
 * The serial of a snapshot that is taken now: later than all that are known, as the latest is the newest
 * state to everybody, also when the clock was ahead once.
 * @param known serials of the same origin
 * @throws MayflyError `serial.too-many` after the hundredth of a day
 */
export function nextSerial(known: readonly string[], now: Date): string {
  const counted = known.filter((serial) => COUNTED.test(serial) && isFrozen(serial));
  const newest = [...counted].sort(compareSerials).at(-1);
  const ahead = newest !== undefined && isAhead(newest, now) ? newest : undefined;
  const from = ahead === undefined ? now : (serialDate(ahead) ?? now);
  // Of a day that has not come nobody waits for the next.
  const isFull = ahead?.endsWith('99') === true;
  const date = isFull ? new Date(from.getTime() + DAY_MS) : from;
  const day = date.toISOString().slice(0, 10).replaceAll('-', '');
  const counts = counted.filter((serial) => serial.startsWith(day)).map((serial) => Number(serial.slice(8)));
  const count = counts.length === 0 ? 1 : Math.max(...counts) + 1;
  if (count > 99) {
    throw new MayflyError(
      'host',
      'serial.too-many',
      `There are 99 snapshots of ${day} already: a serial has two digits for them.`,
      {
        hint: 'Remove some: mayfly snapshots expire.',
      },
    );
  }
  return `${day}${String(count).padStart(2, '0')}`;
}
