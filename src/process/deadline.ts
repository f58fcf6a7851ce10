/**
 * A signal that fires after a time, or when another one does. AbortSignal.any would say the same,
 * but Node.js 20 may collect such a signal as garbage before it has fired.
 */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** True when the time ran out, false when the other signal came first or nothing happened. */
  readonly expired: boolean;
}

/** The longest time that setTimeout knows, about 24 days: one more millisecond would mean none at all. */
const LONGEST_MS = 2 ** 31 - 1;

/** @param milliseconds none when undefined: then it only follows `parent` */
export function deadline(milliseconds: number | undefined, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const timer =
    milliseconds === undefined
      ? undefined
      : setTimeout(
          () => {
            expired = true;
            controller.abort();
          },
          Math.min(milliseconds, LONGEST_MS),
        );
  const follow = (): void => {
    controller.abort(parent?.reason);
  };
  if (parent?.aborted === true) follow();
  parent?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      parent?.removeEventListener('abort', follow);
    },
  };
}
