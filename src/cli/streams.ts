/** Our standard output and error, when nobody reads them any more. */
import { hasCode } from '../errors.js';

/** EPIPE: the reader of the pipe has ended. EIO: the terminal is gone. */
const GONE = ['EPIPE', 'EIO'];

function ignoreGone(error: Error): void {
  if (!GONE.some((code) => hasCode(error, code))) throw error;
}

/**
 * Goes on when what we print can no longer be read, as after `mayfly plan | head`: a build must
 * clean up behind itself, and its exit code is that of the work. Other errors, such as a full disk, still count.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners('error').includes(ignoreGone)) stream.on('error', ignoreGone);
  }
}
