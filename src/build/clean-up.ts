/**
 * What is done after the work, whatever became of the work. The first failure is the one that counts: it is thrown, and
 * decides the exit code. What fails after it is only told.
 */
import { messageOf } from '../errors.js';
import type { Report } from '../report/events.js';

/** What went wrong here, and the words for it when something else went wrong before. */
interface Problem {
  readonly text: string;
  readonly error: unknown;
}

export class CleanUp {
  readonly #problems: Problem[] = [];

  constructor(private readonly report: Report) {}

  /**
   * Does one thing; that it fails keeps nobody from the next.
   * @param words what its failure means, told before its own message
   * @returns undefined when it failed
   */
  async attempt<T>(words: string, does: () => Promise<T>): Promise<{ readonly value: T } | undefined> {
    try {
      return { value: await does() };
    } catch (error) {
      this.#problems.push({ text: `${words}: ${messageOf(error)}`, error });
      return undefined;
    }
  }

  /**
   * @param failed the work failed: the caller throws why
   * @throws what went wrong here first, after work that succeeded
   */
  settle(failed: boolean): void {
    const problems = this.#problems.splice(0);
    const first = failed ? undefined : problems.shift();
    for (const { text } of problems) this.report({ type: 'notice', level: 'warning', text });
    if (first !== undefined) throw first.error;
  }
}

/** Works, and cleans up in any case. @param end is told whether the work failed */
export async function withCleanUp<T>(
  report: Report,
  work: () => Promise<T>,
  end: (cleanUp: CleanUp, failed: boolean) => Promise<unknown>,
): Promise<T> {
  const cleanUp = new CleanUp(report);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await end(cleanUp, true);
    cleanUp.settle(true);
    throw error;
  }
  await end(cleanUp, false);
  cleanUp.settle(false);
  return result;
}
