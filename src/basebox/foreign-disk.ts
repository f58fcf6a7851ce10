/** Whether a disk from elsewhere may be read at all: it stands alone, and is no larger than it says and than boxes are. */
import { z } from 'zod';
import { run } from '../process/run.js';
import { formatBytes } from '../report/format.js';

const GIB = 2 ** 30;
/** Bytes of a box file, and of what its disk holds: many times what a base box has. */
export const MOST_OF_BOX = 32 * GIB;
/** Bytes of a disk as the guest sees it; what holds nothing takes no room. */
export const MOST_OF_DISK = 1024 * GIB;

const infoShape = z.object({
  'virtual-size': z.number(),
});
const measureShape = z.object({ required: z.number() });

/**
 * @param said bytes of the disk as the guest sees it, as its box says
 * @returns what is wrong, as a part of a sentence
 */
export async function diskProblem(
  disk: string,
  said: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  // -f: whatever it is, it is read as a qcow2 and as nothing else.
  const ask = (command: string, ...more: readonly string[]) =>
    run('qemu-img', [command, '--output=json', '-f', 'qcow2', ...more, disk], { signal, accept: [0, 1] });
  const described = await ask('info');
  // One with a backing file would show files of this host to the guest.
  if (described.exitCode !== 0 || /"(?:full-)?backing-filename"|"data-file"/.test(described.stdout)) {
    return 'its disk is no qcow2 that stands alone';
  }
  const { 'virtual-size': size } = infoShape.parse(JSON.parse(described.stdout));
  if (size !== said) return `its disk has ${size} bytes, and it says ${said}`;
  if (size > MOST_OF_DISK) return tooMuch('its disk has', size, MOST_OF_DISK);
  // Many parts of a disk may be one and the same in its file, and compressed. What it holds is what an
  // uncompressed qcow2 of it would have; of a raw disk, measure tells the size with all holes.
  const measured = await ask('measure', '-O', 'qcow2');
  if (measured.exitCode !== 0) return 'qemu-img cannot read its disk';
  const { required } = measureShape.parse(JSON.parse(measured.stdout));
  return required > MOST_OF_BOX ? tooMuch('its disk holds', required, MOST_OF_BOX) : undefined;
}

const tooMuch = (what: string, bytes: number, most: number): string =>
  `${what} ${formatBytes(bytes)}, and ${formatBytes(most)} is the most that is unpacked`;
