/**
 * Whether KVM really works: a guest of forty bytes is started as builder VMs are, and must come up.
 * A device that opens proves nothing, and neither does a virtual machine that can be created: there
 * are hosts whose guests then hang, or run a hundred times too slowly.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../../process/command-error.js';
import { run } from '../../process/run.js';
import { makeScratch } from '../../process/scratch.js';

/** The guest loads here; the Multiboot Specification (0.6.96, section 3.1.3) wants the addresses. */
const LOAD = 0x10_0000;
const HEADER_BYTES = 32;
const MAGIC = 0x1bad_b002;
/** The header has addresses: the image is no ELF file. */
const HAS_ADDRESSES = 0x1_0000;
/** QEMU's isa-debug-exit: what is written to this port ends QEMU with `value * 2 + 1`. */
const EXIT_PORT = 0xf4;
const EXIT_VALUE = 0x10;
const EXIT_CODE = EXIT_VALUE * 2 + 1;
/** Milliseconds. A guest with hardware virtualisation is there in 0.2 s. */
const LIMIT_MS = 4000;

/** A Multiboot kernel that says it is there, in 32-bit protected mode. Pure. */
export function probeKernel(): Buffer {
  // mov dx, EXIT_PORT; mov al, EXIT_VALUE; out dx, al; hlt; jmp to hlt
  const code = [0x66, 0xba, EXIT_PORT, 0, 0xb0, EXIT_VALUE, 0xee, 0xf4, 0xeb, 0xfd];
  const end = LOAD + HEADER_BYTES + code.length;
  const checksum = -(MAGIC + HAS_ADDRESSES) >>> 0;
  const kernel = Buffer.alloc(HEADER_BYTES + code.length + 64);
  [MAGIC, HAS_ADDRESSES, checksum, LOAD, LOAD, end, end, LOAD + HEADER_BYTES].forEach((word, index) => {
    kernel.writeUInt32LE(word, index * 4);
  });
  Buffer.from(code).copy(kernel, HEADER_BYTES);
  return kernel;
}

/** Pure. @param kernel path of the guest */
export function probeArguments(accelerator: 'kvm' | 'tcg', kernel: string): readonly string[] {
  return [
    ...['-accel', accelerator, '-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    ...['-machine', 'q35,usb=off,graphics=off', '-m', '16M', '-smp', '1'],
    '-nodefaults',
    '-no-user-config',
    ...['-display', 'none'],
    ...['-kernel', kernel],
    ...['-device', `isa-debug-exit,iobase=${EXIT_PORT},iosize=4`],
  ];
}

/**
 * Starts the guest.
 * @param scratch folder for a file of a moment
 * @returns undefined when it came up, else why it did not, in words
 */
export async function probe(
  accelerator: 'kvm' | 'tcg',
  scratch: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  await using folder = await makeScratch(scratch, 0o700);
  const kernel = join(folder.path, 'probe');
  await writeFile(kernel, probeKernel());
  try {
    await run('qemu-system-x86_64', probeArguments(accelerator, kernel), {
      timeoutMs: LIMIT_MS,
      accept: [EXIT_CODE],
      ...(signal === undefined ? {} : { signal }),
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError) || error.failure.notFound) throw error;
    if (error.failure.timedOut) return `a test guest did not come up within ${LIMIT_MS / 1000} s`;
    const last = error.failure.tail.at(-1);
    return `a test guest did not come up${last === undefined ? '' : `: ${last}`}`;
  }
}
