/** Ending a build for a reason of our own. */

export interface Stoppable extends Disposable {
  readonly signal: AbortSignal;
  stop(reason: unknown): void;
}

/** A signal that fires when another does, or when it is told to. */
export function stoppable(parent: AbortSignal): Stoppable {
  const controller = new AbortController();
  const follow = (): void => {
    controller.abort(parent.reason);
  };
  if (parent.aborted) follow();
  parent.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    stop: (reason: unknown) => {
      controller.abort(reason);
    },
    [Symbol.dispose]() {
      parent.removeEventListener('abort', follow);
    },
  };
}
