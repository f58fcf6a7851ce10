/**
 * The serial console of a VM whose host is not this one, or whose QEMU writes no file of this person's: a volume of the
 * pool, which libvirt hands out over any connection.
 */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { vmFiles } from '../../paths.js';
import { createVolume, download, vmVolume } from './pool.js';

/** Milliseconds for a host to hand it out: a failure is waiting to be told of. */
const DOWNLOAD_MS = 30_000;

export async function makeConsole(uri: string, id: string, signal: AbortSignal): Promise<void> {
  await createVolume(uri, { name: vmVolume(id, 'console'), bytes: 0, format: 'raw' }, signal);
}

/** @throws CommandError when the host does not hand it out */
export async function bringConsole(uri: string, id: string, folder: string): Promise<void> {
  const part = join(folder, `${vmFiles.console}.part`);
  try {
    await download(uri, vmVolume(id, 'console'), part, AbortSignal.timeout(DOWNLOAD_MS));
    await rename(part, join(folder, vmFiles.console));
  } finally {
    await rm(part, { force: true });
  }
}
