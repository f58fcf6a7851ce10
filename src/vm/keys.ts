/** Keys of one VM: one to get in, one that the VM proves itself with. Both made on the host, known in advance. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vmFiles } from '../paths.js';
import { run } from '../process/run.js';
import { HOST_KEY_ALIAS, type SshTarget } from '../process/ssh.js';

export async function makeKeys(folder: string, signal: AbortSignal): Promise<void> {
  const make = (file: string, comment: string): Promise<unknown> =>
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file], { cwd: folder, signal });
  await Promise.all([make(vmFiles.sshKey, 'mayfly'), make(vmFiles.hostKey, 'mayfly-vm')]);
  const publicKey = await readFile(join(folder, `${vmFiles.hostKey}.pub`), 'utf8');
  const [type = '', key = ''] = publicKey.split(' ');
  await writeFile(join(folder, vmFiles.knownHosts), `${HOST_KEY_ALIAS} ${type} ${key}\n`);
}

/** How to reach a VM whose SSH port is forwarded to a port of the loopback of the host it runs on. */
export function sshTarget(folder: string, port: number, host = '127.0.0.1'): SshTarget {
  return {
    host,
    port,
    user: 'root',
    folder,
    keyFile: vmFiles.sshKey,
    knownHosts: vmFiles.knownHosts,
    socket: vmFiles.sshMaster,
  };
}
