/** Steps undone in reverse order, on failure, cancellation and success alike. Undoing twice is harmless. */
import { messageOf } from '../errors.js';

export class Undo {
  readonly #steps: { readonly name: string; readonly undo: () => Promise<void> }[] = [];

  push(name: string, undo: () => Promise<void>): void {
    this.#steps.push({ name, undo });
  }

  /** Forgets everything: what was made is to stay. */
  release(): void {
    this.#steps.length = 0;
  }

  /** Undoes everything; one failure does not stop the rest. @returns what went wrong, in words */
  async run(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        problems.push(`${step.name}: ${messageOf(error)}`);
      }
    }
    return problems;
  }
}
