/** The artifact disk: a raw file that the guest writes its results to, one after the other. */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { hasCode } from '../errors.js';
import { run } from '../process/run.js';

/** How the guest finds the disk. */
export const ARTIFACT_DISK = 'mayfly-artifacts';

/** Makes the disk: a file that is all hole. @param bytes what the guest may write to it at most */
export async function makeArtifactDisk(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.truncate(bytes);
  } finally {
    await file.close();
  }
}

/**
 * Whether the file can be written past the page cache (not on a tmpfs before Linux 6.6): what is
 * written once and read once only costs time there, twice as much for 200 MB.
 */
export async function allowsDirect(path: string): Promise<boolean> {
  try {
    await (await open(path, constants.O_RDWR | constants.O_DIRECT)).close();
    return true;
  } catch (error) {
    if (hasCode(error, 'EINVAL')) return false;
    throw error;
  }
}

/** Empties the disk of a VM that was kept; the VM may run. */
export async function emptyArtifactDisk(path: string, signal: AbortSignal): Promise<void> {
  const { size, blocks } = await stat(path);
  if (blocks === 0) return;
  await run('fallocate', ['--punch-hole', '--offset', '0', '--length', String(size), path], { signal });
}
