/**
 * One command at a time puts results into a folder: artifacts, their checksums and the record are then of one build.
 * Whoever publishes there takes it before the first file, and lets it go after the last.
 */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { lockFile, type Home } from '../../paths.js';
import { lock, type Lock } from '../../process/lock.js';
import { makeFolder } from '../../process/make-folder.js';

export interface TakeFolderOptions {
  readonly signal: AbortSignal;
  /** Called once, in words, when another command puts its results there now. */
  readonly onWait: (text: string) => void;
}

export class ResultsFolder implements AsyncDisposable {
  #held: Lock | undefined;

  constructor(private readonly home: Home) {}

  /** Makes the folder when it is missing, and waits until nobody else publishes there. */
  async take(directory: string, { signal, onWait }: TakeFolderOptions): Promise<void> {
    if (this.#held !== undefined) throw new Error('A build has one folder of results.');
    await makeFolder(directory);
    // By whatever name it is called.
    const key = createHash('sha256').update(await realpath(directory));
    this.#held = await lock(lockFile(this.home, `results-${key.digest('hex').slice(0, 32)}`), {
      purpose: `puts results into ${directory}`,
      signal,
      onWait: (holder) => {
        onWait(`waiting: ${holder === '' ? 'another mayfly' : holder}`);
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.release();
  }
}
