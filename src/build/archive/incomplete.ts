/** States that do not hold, or do not name, all that builder.yaml asks for. Pure. */
import { TOOLS_SUITE } from '../../basebox/recipe.js';
import { MayflyError } from '../../errors.js';
import type { Wanted } from '../../snapshots/local/covers.js';
import type { SnapshotQuery } from '../../snapshots/local/find-snapshot.js';
import type { Releases, Snapshot } from '../../snapshots/local/snapshot.js';

export function incompleteState(
  { origin, serial }: Pick<SnapshotQuery, 'origin' | 'serial'>,
  found: Snapshot,
  need: Wanted,
): MayflyError {
  return new MayflyError(
    'host',
    'snapshot.incomplete',
    `The snapshot ${serial} of ${origin} does not hold all that this project asks for.`,
    {
      details: [
        `it holds: ${found.suites.map(({ suite }) => suite).join(' ')}; ${found.components.join(' ')}; ${found.architectures.join(' ')}`,
        `asked for: ${need.suites.join(' ')}; ${need.components.join(' ')}; ${need.architectures.join(' ')}`,
        ...toolsNote(origin, need.suites),
      ],
      hint: 'Take another, and freeze to it: mayfly snapshots freeze.',
    },
  );
}

/** A reader who builds for another distribution wonders why. */
const toolsNote = (origin: string, suites: readonly string[]): readonly string[] =>
  origin === 'debian' && suites.includes(TOOLS_SUITE)
    ? [`(${TOOLS_SUITE}: the disk tools that make base boxes)`]
    : [];

/** @throws MayflyError `serial.unlisted` when checksums are known, but not of all suites that are used */
export function refuseUnlisted(
  origin: string,
  { serial, releases }: { readonly serial: string; readonly releases: Releases },
  suites: readonly string[],
): void {
  const unlisted = suites.filter((suite) => releases[suite] === undefined);
  if (Object.keys(releases).length === 0 || unlisted.length === 0) return;
  throw new MayflyError(
    'usage',
    'serial.unlisted',
    `The project is frozen to the snapshot ${serial} of ${origin}, but its checksums lack ${unlisted.join(', ')}.`,
    {
      details: [`InRelease.sha256 lists: ${Object.keys(releases).join(' ')}`, ...toolsNote(origin, unlisted)],
      hint: `Write them again, for all suites that this project asks for: mayfly snapshots freeze ${origin}.`,
    },
  );
}
