/** How the project's postinstall ended, read from the lines of the mmdebstrap that runs it: that one says no more than that a hook failed. */
import { MayflyError } from '../errors.js';
import { Tail } from '../process/lines.js';
import { phaseOf } from './progress.js';

const ENDED = 'mayfly: basebox/postinstall ended with exit code';

/** A command of sh that runs the script, and says when it fails. @param command what runs it */
export const tellingFailure = (command: string): string =>
  `${command} || { code=$?; echo "${ENDED} $code" >&2; exit $code; }`;

export class PostinstallWatch {
  #tail: Tail | undefined;
  #exitCode: string | undefined;

  /** @param line of mmdebstrap's */
  follow(line: string): void {
    const phase = phaseOf(line);
    if (phase !== undefined) {
      this.#tail = phase === 'basebox/postinstall' ? new Tail() : undefined;
      this.#exitCode = undefined;
      return;
    }
    // What mmdebstrap says while it cleans up is not the script's.
    if (this.#tail === undefined || this.#exitCode !== undefined) return;
    if (line.startsWith(`${ENDED} `)) {
      this.#exitCode = line.slice(ENDED.length + 1);
      return;
    }
    this.#tail.push(line);
  }

  /** Undefined while it has not failed. */
  error(cause: unknown): MayflyError | undefined {
    if (this.#exitCode === undefined) return undefined;
    const lines = this.#tail?.lines ?? [];
    return new MayflyError(
      'script',
      'box.postinstall-failed',
      `The base box could not be made: the project's own basebox.postinstall failed with exit code ${this.#exitCode}.`,
      {
        details: lines.length === 0 ? ['(it printed nothing)'] : lines,
        hint: 'Correct that script of the builder directory; `mayfly box create --verbose` shows all that it prints. It runs in a chroot: no systemd, no block devices, no other file of the builder directory.',
        cause,
      },
    );
  }
}
