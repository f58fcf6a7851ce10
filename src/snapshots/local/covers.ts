/** What a snapshot holds, against what is wanted: two projects may want different suites of one origin. */
import type { OriginRequest } from './fetch-suite.js';
import { listSerials, readSnapshot, type Snapshot } from './snapshot.js';

export type Wanted = Pick<OriginRequest, 'suites' | 'components' | 'architectures'>;

/** Whether a snapshot holds the indexes of all that is wanted. Pure. */
export function covers(known: Snapshot, wanted: Wanted): boolean {
  const { suites, components, architectures } = holdingsOf(known);
  const all = (have: readonly string[], want: readonly string[]): boolean =>
    want.every((name) => have.includes(name));
  return (
    all(components, wanted.components) &&
    all(architectures, wanted.architectures) &&
    all(suites, wanted.suites)
  );
}

export const holdingsOf = ({ suites, components, architectures }: Snapshot): Wanted => ({
  suites: suites.map(({ suite }) => suite),
  components,
  architectures,
});

/**
 * What `latest` means for somebody who wants this; undefined when nothing holds all of it.
 * @param isTheirs whether it is of the archive that they mean: another project may have another one of the same name
 */
export async function newestCovering(
  shelf: string,
  origin: string,
  wanted: Wanted,
  isTheirs: (snapshot: Snapshot) => Promise<boolean> = () => Promise.resolve(true),
): Promise<Snapshot | undefined> {
  for (const serial of [...(await listSerials(shelf, origin))].reverse()) {
    const snapshot = await readSnapshot(shelf, origin, serial);
    if (covers(snapshot, wanted) && (await isTheirs(snapshot))) return snapshot;
  }
  return undefined;
}
