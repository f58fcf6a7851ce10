/** `mayfly boot`: starts an image, waits for a text or hands over the console. */
import { access, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { MayflyError } from '../errors.js';
import { scratchFolder } from '../paths.js';
import { run } from '../process/run.js';
import { makeScratch } from '../process/scratch.js';
import { detectAccelerator } from '../vm/accelerator.js';
import { bootAndExpect, bootArguments, type BootSpec } from '../vm/qemu/boot.js';
import type { Context } from '../build/context.js';

export interface BootRequest {
  readonly image: string;
  readonly expect: string | undefined;
  readonly timeoutSeconds: number;
  readonly memoryBytes: number;
  readonly uefi: boolean;
  readonly asDisk: boolean;
}

/** Where Debian's package ovmf puts UEFI firmware that is one file. */
export const OVMF = '/usr/share/ovmf/OVMF.fd';

const IMAGE_HINT = 'Name an ISO or a raw disk image.';

/** @returns seconds until the expected text came; undefined when the console was handed over */
export async function bootImage(
  context: Context,
  request: BootRequest,
  onLine: (line: string) => void,
): Promise<number | undefined> {
  const image = resolve(context.cwd, request.image);
  await readable(image, 'boot.no-image', `There is no image ${image}.`, IMAGE_HINT);
  // QEMU would take it for a disk, and fail in words of its own.
  if ((await stat(image)).isDirectory())
    throw new MayflyError('usage', 'boot.no-image', `${image} is a directory, not an image.`, {
      hint: IMAGE_HINT,
    });
  if (request.uefi)
    await readable(
      OVMF,
      'boot.no-firmware',
      'UEFI firmware is not installed.',
      'Install it: sudo apt-get install ovmf',
    );
  const accelerator = await detectAccelerator(context.env);
  const spec: BootSpec = {
    image,
    memoryBytes: request.memoryBytes,
    cpus: Math.min(2, availableParallelism()),
    accelerator: accelerator.name,
    firmware: request.uefi ? OVMF : undefined,
    asDisk: request.asDisk,
  };
  if (request.expect === undefined) {
    await run('qemu-system-x86_64', bootArguments(spec, ['-serial', 'mon:stdio']), {
      stdio: 'inherit',
      signal: context.signal,
    });
    return undefined;
  }
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  return await bootAndExpect(spec, {
    text: request.expect,
    timeoutMs: request.timeoutSeconds * 1000,
    folder: scratch.path,
    signal: context.signal,
    onLine,
  });
}

async function readable(path: string, code: string, message: string, hint: string): Promise<void> {
  await access(path).catch(() => {
    throw new MayflyError(code === 'boot.no-image' ? 'usage' : 'host', code, message, { hint });
  });
}
