/** Makes every `latest` one serial, once, so that one build sees one state. Pure. */
import { z } from 'zod';
import { MayflyError } from '../errors.js';
import { checkSerial, isFrozen, LATEST } from './serial.js';
import type { Serials } from './serial-files.js';

const variable = z.record(z.string(), z.string());

/**
 * The serials that the variable APT_SNAPSHOTS_SERIALS gives: JSON, origin → serial.
 * @throws MayflyError `serial.variable`; `latest` is refused there, for it would not be one state
 */
export function serialsOfVariable(text: string): Serials {
  const name = 'APT_SNAPSHOTS_SERIALS';
  let parsed;
  try {
    parsed = variable.safeParse(JSON.parse(text));
  } catch {
    parsed = undefined;
  }
  if (parsed?.success !== true) {
    throw new MayflyError(
      'usage',
      'serial.variable',
      `${name} is not a JSON object of origins and serials.`,
      {
        hint: `For example: ${name}='{"debian":"2026010101"}'. \`mayfly snapshots resolve --json\` prints one.`,
      },
    );
  }
  for (const [origin, serial] of Object.entries(parsed.data)) {
    if (serial === LATEST) {
      throw new MayflyError('usage', 'serial.variable', `${name} has latest for ${origin}, not a serial.`, {
        hint: 'Give the serial itself: `mayfly snapshots latest` prints it.',
      });
    }
    checkSerial(serial, `${name}, for ${origin},`);
  }
  return parsed.data;
}

/**
 * @param wanted what the serial files hold
 * @param given what the variable gives: it decides for the origins that it names
 * @param newest origin → newest serial, for those at `latest`
 * @throws MayflyError `serial.unresolved` when an origin at `latest` has no newest serial
 */
export function resolvedSerials(wanted: Serials, given: Serials, newest: Serials): Serials {
  return Object.fromEntries(
    Object.entries(wanted).map(([origin, serial]) => {
      const resolved = given[origin] ?? (serial === LATEST ? newest[origin] : serial);
      if (resolved === undefined || !isFrozen(resolved)) {
        throw new MayflyError(
          'host',
          'serial.unresolved',
          `The archive has no snapshot of ${origin}, which is at latest.`,
          { hint: 'Take one: `mayfly snapshots take`.' },
        );
      }
      return [origin, resolved];
    }),
  );
}
