/** The children that run at this moment, so that an impatient person can end them all at once. */

const running = new Set<number>();

/** Notes a child's process group until `ended` settles. */
export function noteChild(pid: number | undefined, ended: Promise<unknown>): void {
  if (pid === undefined) return;
  running.add(pid);
  const forget = (): void => void running.delete(pid);
  ended.then(forget, forget);
}

/** Kills every child, without waiting. */
export function killEverything(): void {
  for (const pid of running) {
    signalGroup(pid, 'SIGKILL');
    // One that has the terminal has no group of its own.
    signalProcess(pid, 'SIGKILL');
  }
}

/** Signals a whole process group; a group that is gone is fine. */
export function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid !== undefined) signalProcess(-pid, signal);
}

/** Signals one process; one that is gone is fine. */
export function signalProcess(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone: nothing left to signal.
  }
}
