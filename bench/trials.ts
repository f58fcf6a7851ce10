/** Runs of a program that this machine may not have, or may not be able to run: then there is no figure, but a reason. */
import { MayflyError } from '../src/errors.js';
import { CommandError, notInstalled, type CommandFailure } from '../src/process/command-error.js';
import { which } from '../src/process/run.js';
import type { Amount, Measure } from './result.js';

export class Trials<T> {
  readonly #values: T[] = [];
  #why: string | undefined;

  /** @param isRequired its failure is one of the section: mayfly itself can run, or something is wrong */
  constructor(private readonly isRequired = false) {}

  get values(): readonly T[] {
    return this.#values;
  }

  /**
   * Once more, unless it could not run before.
   * @throws what is no answer of the machine: an interruption; a failure after a run that succeeded
   */
  async run(work: () => Promise<T>): Promise<void> {
    if (this.#why !== undefined) return;
    try {
      this.#values.push(await work());
    } catch (error) {
      const why = this.isRequired || this.#values.length > 0 ? undefined : reasonOf(error);
      if (why === undefined) throw error;
      this.#why = why;
    }
  }

  measure(title: string, seconds: (value: T) => number): Measure {
    return { title, seconds: this.#values.map(seconds), ...this.#reason() };
  }

  amount(title: string, bytes: (value: T) => number): Amount {
    return { title, bytes: this.#values.map(bytes), ...this.#reason() };
  }

  #reason(): { readonly couldNotRun?: string } {
    return this.#why === undefined ? {} : { couldNotRun: this.#why };
  }
}

const NEEDS_ROOT = 'bench.needs-root';

/** @throws MayflyError that `Trials` takes for an answer */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new MayflyError('host', NEEDS_ROOT, 'It needs root.');
}

/** Asked beforehand where a program is started by another one. @throws CommandError that `Trials` takes for an answer */
export function requireProgram(program: string, cwd: string): void {
  if (which(program) === undefined) throw notInstalled([program], cwd);
}

/** Undefined when the error does not say that something cannot run here. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof CommandError) {
    return error.failure.notFound ? error.message : firstReason(error.failure);
  }
  return error instanceof MayflyError && error.code === NEEDS_ROOT ? error.message : undefined;
}

const TELLS = /\berror\b|fail|cannot|could not|unable|denied|not permitted|not found|no such|unknown/i;

/** The first line that names a failure, without the time and level that a log begins with. Pure. */
export function firstReason({ tail, timedOut, durationMs }: CommandFailure): string {
  if (timedOut) return `it did not finish within ${(durationMs / 1000).toFixed(0)} s`;
  const lines = tail.map((line) => line.trim()).filter((line) => line !== '');
  const line = lines.find((candidate) => TELLS.test(candidate)) ?? lines.at(-1) ?? 'it said nothing';
  return line.replace(/^(?:\d{4}[-/]\d{2}[-/]\d{2}[ T][\d:.,]+\s+)?(?:ERROR: )?/, '');
}
