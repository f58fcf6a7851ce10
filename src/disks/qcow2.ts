/** What a qcow2 image says of itself (QEMU's docs/interop/qcow2.txt). */
import { open } from 'node:fs/promises';
import { MayflyError } from '../errors.js';

/** Bytes of the header that are read: the magic number, and the size at byte 24. */
const HEADER = 32;
const SIZE_AT = 24;

/** Bytes of the disk that an image stands for. @throws MayflyError `disk.not-qcow2` */
export async function virtualSize(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    const header = Buffer.alloc(HEADER);
    const { bytesRead } = await file.read(header, 0, HEADER, 0);
    if (bytesRead === HEADER && header.toString('latin1', 0, 4) === 'QFI\xfb')
      return Number(header.readBigUInt64BE(SIZE_AT));
  } finally {
    await file.close();
  }
  throw new MayflyError('host', 'disk.not-qcow2', `${path} is no qcow2 image.`);
}
