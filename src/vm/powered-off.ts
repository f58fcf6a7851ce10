/** The last words of a guest that has powered itself off: its kernel says so when all is unmounted (kernel/reboot.c). */
import { readFile } from 'node:fs/promises';

/** Without a reboot (`-no-reboot`, on_reboot), QEMU ends at either. A panic says neither. */
const OFF = /\] reboot: (?:Power down|Restarting system)\s*$/;
/** Lines after it that a talkative kernel may add. */
const LAST_LINES = 3;

/** @param from bytes of the console that are of earlier boots */
export async function saysPoweredOff(console: string, from: number): Promise<boolean> {
  const log = await readFile(console).catch(() => Buffer.alloc(0));
  const lines = log.subarray(from).toString('latin1').trimEnd().split('\n');
  return lines.slice(-LAST_LINES).some((line) => OFF.test(line));
}
