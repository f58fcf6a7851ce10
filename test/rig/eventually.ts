/** Waiting for what another process does, with an end. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `check` gives true. @throws after `timeoutMs`, saying what did not come about */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`within ${timeoutMs} ms it did not happen: ${what}`);
    await sleep(20);
  }
}
