/** Which volumes of ours a storage pool has, and what they stand on. */
import { MayflyError } from '../../errors.js';
import { virsh } from './connection.js';

/** The pool that every libvirt has, or that Vagrant makes. */
export const POOL = 'default';

/** Names of our volumes. */
export async function listVolumes(uri: string): Promise<readonly string[]> {
  const { stdout } = await virsh(uri, ['vol-list', '--pool', POOL]);
  return volumeNames(stdout);
}

/** The same, with files that libvirt did not make by itself: it knows of them once it has looked. One connection. */
export async function listVolumesAnew(uri: string): Promise<readonly string[]> {
  // A pool in which something is being made cannot be looked through; what it knows is enough then.
  const { stdout } = await virsh(uri, [`pool-refresh ${POOL}; vol-list --pool ${POOL}`]);
  return volumeNames(stdout);
}

/** From virsh's table of names and paths; names that virsh's command line takes as they are. Pure. */
export function volumeNames(table: string): readonly string[] {
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/, 1)[0] ?? '')
    .filter((name) => /^mayfly-[\w.+-]+$/.test(name));
}

export interface VolumeFacts {
  /** Name of the volume below it. */
  readonly backing: string | undefined;
  /** Bytes of the disk that it is. */
  readonly capacity: number;
  /** Bytes that it takes on its host. */
  readonly allocation: number;
}

/**
 * What volumes are, by one connection: each is a login where the host is another one, and a host takes only a few at a
 * time. One that is gone meanwhile is not in the answer.
 */
export async function describeVolumes(
  uri: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, VolumeFacts>> {
  if (names.length === 0) return new Map();
  const ask = (name: string): string => `vol-dumpxml --pool ${POOL} ${name}`;
  // It says 1 where one is gone.
  const { stdout } = await virsh(uri, [names.map(ask).join('; ')], { accept: [0, 1] });
  const found = parseVolumes(stdout);
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) await refusePresent(uri, missing);
  return found;
}

/** What is there and gave no answer is a failure: a volume is deleted because nobody stands on it. */
async function refusePresent(uri: string, names: readonly string[]): Promise<void> {
  const present = (await listVolumes(uri)).filter((name) => names.includes(name));
  for (const name of present) await virsh(uri, ['vol-dumpxml', '--pool', POOL, name]);
  if (present.length > 0) {
    throw new MayflyError(
      'vm',
      'libvirt.no-answer',
      `libvirt at ${uri} did not say what ${present.join(', ')} stands on.`,
      {
        hint: 'Try again.',
      },
    );
  }
}

/** From the XML of volumes, one after the other. Pure. */
export function parseVolumes(xml: string): ReadonlyMap<string, VolumeFacts> {
  const volumes = xml.split('</volume>').flatMap((text) => {
    const name = /<name>([^<]*)<\/name>/.exec(text)?.[1];
    if (name === undefined) return [];
    const backing = /<backingStore>\s*<path>[^<]*\/([^/<]+)<\/path>/.exec(text)?.[1];
    const bytesOf = (element: string): number =>
      Number(new RegExp(`<${element} unit='bytes'>(\\d+)<`).exec(text)?.[1] ?? 0);
    return [[name, { backing, capacity: bytesOf('capacity'), allocation: bytesOf('allocation') }] as const];
  });
  return new Map(volumes);
}
