/**
 * Notices that the host's disk is full. QEMU then stops the guest and waits for somebody to make
 * room (werror=enospc, its default): without this, a build would hang for ever.
 */
import { z } from 'zod';
import { vmFiles } from '../../paths.js';
import { QmpClient } from './qmp.js';

/** QEMU's qapi/block-core.json, BLOCK_IO_ERROR. */
const ioError = z.looseObject({ action: z.string(), nospace: z.boolean().optional() });

/** Calls `onFull` once, when a disk of the VM can grow no more. */
export async function watchDisks(folder: string, onFull: () => void): Promise<void> {
  const client = await QmpClient.connect(folder, vmFiles.events, (event, data) => {
    if (event !== 'BLOCK_IO_ERROR') return;
    const error = ioError.safeParse(data);
    if (error.data?.nospace === true && error.data.action === 'stop') onFull();
  });
  client.unref();
  // It may have happened while nobody listened: going on tells whether there is room again.
  const status = z.looseObject({ status: z.string() }).safeParse(await client.execute('query-status'));
  if (status.data?.status === 'io-error') await client.execute('cont');
}
