/** Where a VM is that belongs to another host, in words. Nothing else is here: the command line loads it at once. */
import type { VmRecord } from './record.js';

export const hostOf = ({ owner }: Pick<VmRecord, 'owner'>): string =>
  owner.hostName === undefined ? 'another host' : `the host ${owner.hostName}`;
