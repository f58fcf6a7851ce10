/** Freezing and thawing: which serial each origin gets. Pure. */
import { LATEST } from './serial.js';
import type { Serials } from './serial-files.js';

/** The only origin that may move in a frozen project: fixes of security must reach it. */
export const SECURITY_ORIGIN = 'debian-security';

export interface FreezeOptions {
  /** Freeze debian-security too. Default: it stays at `latest`. */
  readonly security?: boolean;
}

/** @param newest origin → newest serial @returns what the serial files are to hold */
export function frozenSerials(newest: Serials, options: FreezeOptions = {}): Serials {
  return Object.fromEntries(
    Object.entries(newest).map(([origin, serial]) => [
      origin,
      origin === SECURITY_ORIGIN && options.security !== true ? LATEST : serial,
    ]),
  );
}

export function thawedSerials(origins: readonly string[]): Serials {
  return Object.fromEntries(origins.map((origin) => [origin, LATEST]));
}
