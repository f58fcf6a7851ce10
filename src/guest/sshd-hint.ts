/**
 * What the guest says on its console before its sshd begins. Only a hint of when to ask, so that no try comes too early:
 * sshd forks for each, which is slow under emulation. Who answers is known by its key alone.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** As setup/root/usr/libexec/mayfly/sshd of the base box prints it. */
export const SSHD_BEGINS = 'mayfly: sshd begins';

/** `silent`: nothing is there to read, perhaps because the console lies elsewhere. */
export type Heard = 'silent' | 'talking' | 'begins';

/** Bytes from the end of the console that are looked at. */
const TAIL = 64 * 1024;

/** Bytes that a console has by now; zero where there is none. */
export function consoleSize(path: string): number {
  return read(path, Infinity).size;
}

/** @param from bytes of the console that are of an earlier boot */
export function listenFor(path: string, from: number): Heard {
  const { size, text } = read(path, from);
  if (size <= from) return 'silent';
  return text.includes(SSHD_BEGINS) ? 'begins' : 'talking';
}

function read(path: string, from: number): { readonly size: number; readonly text: string } {
  let file;
  try {
    file = openSync(path, 'r');
  } catch {
    return { size: 0, text: '' };
  }
  try {
    const { size } = fstatSync(file);
    const start = Math.max(from, size - TAIL);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const length = buffer.length === 0 ? 0 : readSync(file, buffer, 0, buffer.length, start);
    return { size, text: buffer.toString('latin1', 0, length) };
  } finally {
    closeSync(file);
  }
}

/** Milliseconds after which SSH is asked all the same: of a console that is silent, and of one that never says it. */
const SILENT_MS = 2000;
const TALKING_MS = 60_000;

/** Whether SSH is worth a try that may come too early. Pure. @param starting the guest boots; false: it runs already */
export function mayAsk(heard: Heard, askedForMs: number, starting: boolean): boolean {
  if (!starting || heard === 'begins') return true;
  return askedForMs >= (heard === 'silent' ? SILENT_MS : TALKING_MS);
}
