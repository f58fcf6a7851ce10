/** What lies where on a box's disk, as disk.ts lays it out. */
import { BOOT_CODE, PARTITION_START, SECTOR } from './disk.js';

export interface Area {
  readonly name: string;
  /** Bytes from the start of the disk; the end is the first byte after it. */
  readonly start: number;
  readonly end: number;
}

/** ext4 has its superblock at this byte, and it is this long. */
const SUPERBLOCK = 1024;

/** In their order, without gaps. */
const AREAS: readonly Area[] = (
  [
    ['boot code', BOOT_CODE],
    ['disk id', 446],
    ['partition table', SECTOR],
    ["boot loader: GRUB's core image, and the gap after it", PARTITION_START],
    ['partition 1, before its superblock', PARTITION_START + SUPERBLOCK],
    ['partition 1, the superblock of its file system', PARTITION_START + 2 * SUPERBLOCK],
    ['partition 1', Infinity],
  ] as const
).map(([name, end], index, all) => ({ name, start: index === 0 ? 0 : (all[index - 1]?.[1] ?? 0), end }));

/** The area that a byte of the disk is in. Pure. */
export function areaAt(offset: number): Area {
  const area = AREAS.find(({ end }) => offset < end);
  if (area === undefined || offset < 0) throw new RangeError(`no disk has a byte ${offset}`);
  return area;
}

/** Bytes from the start of the file system; undefined before it. Pure. */
export const inFileSystem = (offset: number): number | undefined =>
  offset < PARTITION_START ? undefined : offset - PARTITION_START;
