/** Whether a libvirt can run builder VMs: it is asked, and what it says is passed on. */
import { MayflyError, messageOf } from '../../errors.js';
import { CommandError } from '../../process/command-error.js';
import { which } from '../../process/run.js';
import { formatMemory } from '../../report/format.js';
import { tooLittleMemory, type Need, type Support } from '../provider.js';
import { parseConnection, virsh } from './connection.js';
import { poolHint, requirePool } from './pool.js';
import { POOL } from './volumes.js';

/** Milliseconds for a host to answer: libvirt looks at QEMU first. */
const ANSWER_MS = 60_000;

export async function libvirtSupport({
  connection,
  memoryBytes,
  diskBytes,
  signal,
}: Omit<Need, 'availableMemory'>): Promise<Support> {
  const uri = connection ?? 'qemu:///session';
  for (const [program, packages] of [
    ['virsh', 'libvirt-clients libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86'],
    ['ssh', 'openssh-client'],
  ] as const) {
    if (which(program) === undefined) return no(`${program} is not installed`, install(packages));
  }
  const options = { signal, timeoutMs: ANSWER_MS };
  try {
    const { stdout: capabilities } = await virsh(
      uri,
      ['domcapabilities', '--virttype', 'qemu', '--arch', 'x86_64'],
      options,
    );
    if (!capabilities.includes('<domain>qemu</domain>')) {
      return no(`libvirt at ${uri} has no QEMU for x86_64`, install('qemu-system-x86'));
    }
    // A session's disks are this person's files, in no pool.
    const { isSession } = parseConnection(uri);
    if (!isSession) await requirePool(uri, signal);
    const ask = isSession ? 'nodememstats' : `nodememstats; pool-info --bytes ${POOL}`;
    const { stdout: room } = await virsh(uri, [ask], options);
    if (freeMemory(room) < memoryBytes) return tooLittleMemory(uri, freeMemory(room), memoryBytes);
    const space = isSession ? Infinity : freeSpace(room);
    if (space < diskBytes) {
      return no(
        `the pool "${POOL}" of ${uri} has ${formatMemory(space)} of space free, and the build may want ${formatMemory(diskBytes)}`,
        'Make room there: `mayfly box clean` and `mayfly cache clean` remove what mayfly has there. Or build with --ram.',
      );
    }
    const version = (await virsh(uri, ['version'], options)).stdout;
    return { supported: true, found: `${uri}, ${/Running hypervisor: (.*)/.exec(version)?.[1] ?? 'QEMU'}` };
  } catch (error) {
    if (error instanceof MayflyError && error.kind === 'interrupted') throw error;
    const words = wordsOf(error);
    return no(words.includes(uri) ? words : `libvirt at ${uri}: ${words}`, hintFor(uri, error));
  }
}

/** Bytes that can be given without swapping, from virsh's lines in KiB. Pure. */
export function freeMemory(stats: string): number {
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}\\s*:\\s*(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
  return (kib('free') + kib('buffers') + kib('cached')) * 1024;
}

/** Bytes that a pool has left, from what `virsh pool-info --bytes` says. Pure. */
export const freeSpace = (info: string): number => Number(/^Available:\s*(\d+)/m.exec(info)?.[1] ?? 0);

const no = (reason: string, hint: string): Support => ({ supported: false, reason, hint });
const install = (packages: string): string => `sudo apt-get install --no-install-recommends ${packages}`;

/** virsh's own last words. */
function wordsOf(error: unknown): string {
  if (error instanceof CommandError) {
    return (error.failure.tail.at(-1) ?? messageOf(error)).replace(/^error:\s*/, '');
  }
  return messageOf(error);
}

/** What to do about an answer of libvirt. Pure. */
export function hintFor(uri: string, error: unknown): string {
  if (error instanceof MayflyError && error.code === 'libvirt.no-pool') return poolHint(uri);
  const words = error instanceof CommandError ? error.failure.tail.join('\n') : messageOf(error);
  if (/authentication|polkit|Permission denied/i.test(words) && uri.startsWith('qemu:///system')) {
    return 'sudo adduser "$USER" libvirt, then log in again.';
  }
  if (/No such file or directory|Connection refused/i.test(words) && uri.startsWith('qemu:///system')) {
    return 'sudo apt-get install --no-install-recommends libvirt-daemon-system, and sudo systemctl start libvirtd';
  }
  if (uri.startsWith('qemu:///session')) return sessionHint(uri, words);
  if (uri.startsWith('qemu+ssh:'))
    return `Try it by hand: virsh -c '${uri}' version. The host needs libvirt-daemon-system; you need a key that it takes, and its group libvirt.`;
  return `Try it by hand: virsh -c '${uri}' pool-info ${POOL}`;
}

/** A session is this person's own: it needs no group, and no pool. */
function sessionHint(uri: string, words: string): string {
  if (/runtime directory|XDG_RUNTIME_DIR|Permission denied/i.test(words))
    return 'unset XDG_RUNTIME_DIR: it names a folder that is not yours, as after su or sudo. Or log in anew as this user.';
  // It is started when it is wanted: who cannot be reached is not there.
  if (/libvirtd|virtqemud|daemon|connection driver|No such file or directory/i.test(words))
    return install('libvirt-daemon libvirt-daemon-driver-qemu');
  if (/emulator|qemu-system/i.test(words)) return install('qemu-system-x86');
  return `Try it by hand: virsh -c '${uri}' version`;
}
