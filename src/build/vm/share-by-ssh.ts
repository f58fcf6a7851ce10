/** The source for a VM whose host cannot read this person's files: copied into the guest, and mounted read-only there. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { vmFiles } from '../../paths.js';
import { run } from '../../process/run.js';
import { sshRun } from '../../process/ssh.js';
import type { BuilderVm } from './builder-vm.js';

/** Where prepare.sh looks for it. */
const GUEST_FOLDER = '/var/lib/mayfly-shares';

/** What was there before may be in use: it is replaced, never changed. */
const RECEIVE = [
  'set -e',
  `umount --quiet --lazy ${GUEST_FOLDER}/* || true`,
  `rm -rf ${GUEST_FOLDER}`,
  `mkdir -m 0755 ${GUEST_FOLDER}`,
  `tar --extract --no-same-owner --directory ${GUEST_FOLDER}`,
].join('\n');

export async function copyShares(builder: BuilderVm, signal: AbortSignal): Promise<void> {
  const file = join(builder.folder, 'shares.tar');
  try {
    await run('tar', ['--create', '--file', file, '--', vmFiles.source, vmFiles.builder], {
      cwd: builder.folder,
      signal,
    });
    await sshRun(builder.guest.ssh, ['sh', '-c', RECEIVE], { inputFile: file, signal });
  } finally {
    await rm(file, { force: true });
  }
}
