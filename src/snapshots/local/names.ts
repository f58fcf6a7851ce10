/** What may be the name of an origin or of a tag: they are parts of paths and of addresses. Pure. */
import { MayflyError } from '../../errors.js';
import { isFrozen } from '../serial.js';

const ORIGIN = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** No serial: an address tells them apart by their form. */
const TAG = /^(?!\d{10}$|\d{8}T\d{6}Z$|project$)[A-Za-z0-9][A-Za-z0-9._+~-]{0,99}$/;

export const isOriginName = (text: string): boolean => ORIGIN.test(text);

export const isTagName = (text: string): boolean => TAG.test(text);

/** What a snapshot may be called: a serial, or the tag of a service. */
export const isStateName = (text: string): boolean => isFrozen(text) || isTagName(text);

/** @throws MayflyError `origin.name` */
export function checkOriginName(origin: string): string {
  if (isOriginName(origin)) return origin;
  throw new MayflyError(
    'usage',
    'origin.name',
    `${JSON.stringify(origin)} cannot be the name of an origin.`,
    {
      hint: 'Small letters, digits and -, 63 at most. `mayfly snapshots list` shows the origins that are stored.',
    },
  );
}
