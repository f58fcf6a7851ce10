/** Starts an image in QEMU to see whether it boots: its serial console is read, nothing else is looked at. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { open } from 'node:fs/promises';
import { MayflyError, throwIfAborted } from '../../errors.js';
import { LineSplitter } from '../../process/lines.js';
import { logTail, startService } from '../../process/service.js';
import { EMULATED_CPU, escapeCommas } from './arguments.js';

export interface BootSpec {
  readonly image: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly accelerator: 'kvm' | 'tcg';
  /** Path of UEFI firmware; undefined for the BIOS. */
  readonly firmware: string | undefined;
  /** Boot as a disk (a USB stick) and not as a CD. */
  readonly asDisk: boolean;
}

/** Pure. @param serial QEMU's name for where the serial console goes */
export function bootArguments(spec: BootSpec, serial: readonly string[]): readonly string[] {
  const file = escapeCommas(spec.image);
  // The image is never written to: what the guest writes is dropped.
  const medium = spec.asDisk
    ? ['-drive', `file=${file},format=raw,if=virtio,snapshot=on`]
    : ['-drive', `file=${file},format=raw,media=cdrom,readonly=on`];
  return [
    '-nodefaults',
    '-no-user-config',
    ...['-display', 'none'],
    ...['-machine', 'q35'],
    ...(spec.accelerator === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=multi', '-cpu', EMULATED_CPU]),
    ...['-smp', String(spec.cpus)],
    ...['-m', `${Math.ceil(spec.memoryBytes / 2 ** 20)}M`],
    '-no-reboot',
    ...['-device', 'virtio-rng-pci'],
    ...['-nic', 'user,restrict=on,model=virtio-net-pci'],
    ...(spec.firmware === undefined ? [] : ['-bios', spec.firmware]),
    ...medium,
    ...serial,
  ];
}

export interface ExpectOptions {
  readonly text: string;
  readonly timeoutMs: number;
  /** Scratch folder for the console's log. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/**
 * Boots and waits for a text on the serial console.
 * @returns seconds until it came
 * @throws MayflyError `boot.unexpected-end`, `boot.timeout`, both of kind `vm`
 */
export async function bootAndExpect(spec: BootSpec, options: ExpectOptions): Promise<number> {
  const console = join(options.folder, 'console.log');
  await (await open(console, 'w')).close();
  const started = performance.now();
  const serial = ['-chardev', `file,id=console,path=${escapeCommas(console)}`, '-serial', 'chardev:console'];
  const log = join(options.folder, 'qemu.log');
  const qemu = await startService('qemu-system-x86_64', bootArguments(spec, serial), {
    cwd: options.folder,
    log,
    whenWeDie: 'KILL',
  });
  const reader = await open(console, 'r');
  let seen = '';
  const splitter = new LineSplitter(options.onLine);
  const read = async (): Promise<boolean> => {
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await reader.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return seen.includes(options.text);
      splitter.push(Buffer.from(buffer.subarray(0, bytesRead)));
      // Keep enough to find a text that falls between two reads.
      seen = (seen + buffer.toString('utf8', 0, bytesRead)).slice(-(64 * 1024 + options.text.length));
      if (seen.includes(options.text)) return true;
    }
  };
  try {
    while (!(await read())) {
      throwIfAborted(options.signal);
      const details = logTail(console, 15);
      if (qemu.exit !== undefined && !(await read())) {
        throw new MayflyError(
          'vm',
          'boot.unexpected-end',
          `QEMU ended before ${JSON.stringify(options.text)} appeared on the serial console.`,
          {
            details: [...details, ...logTail(log, 5)],
          },
        );
      }
      if (performance.now() - started > options.timeoutMs) {
        const seconds = Math.round(options.timeoutMs / 1000);
        throw new MayflyError(
          'vm',
          'boot.timeout',
          `${JSON.stringify(options.text)} did not appear on the serial console within ${seconds} s.`,
          {
            details,
            hint: 'Does the image use the serial console (console=ttyS0 on its kernel command line)? --timeout gives it more time.',
          },
        );
      }
      await sleep(100);
    }
    return (performance.now() - started) / 1000;
  } finally {
    splitter.end();
    await qemu.end(2000);
    await reader.close();
  }
}
