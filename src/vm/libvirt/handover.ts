/** Keys and settings of a VM as a disk: a tar that the guest's initrd unpacks to /run/mayfly. */
import { vmFiles } from '../../paths.js';
import { run } from '../../process/run.js';

/** File of the VM's folder → its name in the guest. */
const FILES: Readonly<Record<string, string>> = {
  [vmFiles.hostKey]: 'ssh_host_key',
  [`${vmFiles.sshKey}.pub`]: 'authorized_keys',
  [vmFiles.network]: 'network',
};

/** Pure. @param names files of the VM's folder */
export function handoverArguments(names: readonly string[]): readonly string[] {
  return [
    ...['--create', '--format=ustar', '--owner=0', '--group=0', '--numeric-owner'],
    ...names.map((name) => `--transform=s,^${name.replaceAll('.', '\\.')}$,${FILES[name] ?? name},`),
    ...['--file', vmFiles.handover, '--', ...names],
  ];
}

/** @param withNetwork the guest has QEMU's own network, and takes its address from here */
export async function makeHandover(folder: string, withNetwork: boolean, signal: AbortSignal): Promise<void> {
  const names = Object.keys(FILES).filter((name) => withNetwork || name !== vmFiles.network);
  // A tar ends at a multiple of 10240 bytes: a disk's length must be one of 512.
  await run('tar', handoverArguments(names), { cwd: folder, signal });
}
