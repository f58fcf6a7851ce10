/** Which logs of builds may go. A log that is gone is gone for good: whatever is not certain stays. */

export interface KnownLog {
  /** Name of its folder, `20260102T030405Z-1a2b`: they sort by time. */
  readonly id: string;
  /** Undefined when it does not say. */
  readonly about: LogFacts | undefined;
  /** Its folder holds something that is no log, such as the disk with what a build made. */
  readonly hasMore: boolean;
  /** When something was written to it last. */
  readonly changedAt: Date;
  readonly bytes: number;
}

interface LogFacts {
  readonly checkout: string;
  readonly vm: string | undefined;
  readonly isRunning: boolean;
  /** `mayfly snapshots tag` reads the record of the newest such. */
  readonly hasSucceeded: boolean;
}

const DAY_MS = 24 * 3600 * 1000;
/** Half a year, as of base boxes and snapshots. */
export const KEPT_DAYS = 183;

/**
 * The logs that go: older than `days`, and of a build that has ended and whose VM is gone. The newest of each
 * checkout stays, and that of its newest success. Pure.
 * @param vms ids of all VMs that are there
 */
export function oldLogs(
  logs: readonly KnownLog[],
  options: { readonly now: Date; readonly days: number; readonly vms: ReadonlySet<string> },
): readonly KnownLog[] {
  const limit = options.now.getTime() - options.days * DAY_MS;
  const newest = newestIds(logs);
  return logs.filter(({ id, about, hasMore, changedAt }) => {
    if (about === undefined || about.isRunning || hasMore || newest.has(id)) return false;
    if (about.vm !== undefined && options.vms.has(about.vm)) return false;
    return changedAt.getTime() < limit;
  });
}

function newestIds(logs: readonly KnownLog[]): ReadonlySet<string> {
  const ids = new Map<string, string>();
  for (const { id, about } of [...logs].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    if (about === undefined) continue;
    ids.set(`newest ${about.checkout}`, id);
    if (about.hasSucceeded) ids.set(`success ${about.checkout}`, id);
  }
  return new Set(ids.values());
}
