/**
 * What a release is built from again: the states that it was built from when it was made, for as long
 * as somebody keeps them under its tag.
 */
import type { Config } from '../../config/config.js';
import { findTag, isTagName, snapshotKey, type Tag } from '../../snapshots/local/tag.js';
import { releasesOf } from '../../snapshots/local/snapshot.js';
import type { FrozenState } from '../../snapshots/serial-files.js';

/** A commit that is exactly a tag. */
export interface Release {
  readonly project: string;
  readonly tag: string;
  readonly commit: string;
}

export interface ReleaseStates {
  /** Origin → what a tag of the local archive keeps of it; it decides, for debian-security too. */
  readonly box: Readonly<Record<string, FrozenState>>;
  readonly image: Readonly<Record<string, FrozenState>>;
  /** Take the tagged snapshots of this name from the service. */
  readonly tag: string | undefined;
}

const NONE: ReleaseStates = { box: {}, image: {}, tag: undefined };

export async function statesOfRelease(
  archive: string,
  config: Config,
  release: Release | undefined,
): Promise<ReleaseStates> {
  if (release === undefined || !isTagName(release.tag)) return NONE;
  const { kind, taggedUrl } = config.archive;
  if (kind === 'serials' && taggedUrl !== undefined) return { ...NONE, tag: release.tag };
  if (kind !== 'local') return NONE;
  const tag = await findTag(archive, release.tag);
  if (tag === undefined || !isOf(tag, release)) return NONE;
  return { box: keptStates(tag, 'box'), image: keptStates(tag, 'image'), tag: undefined };
}

function keptStates(tag: Tag, of: 'box' | 'image'): Readonly<Record<string, FrozenState>> {
  return Object.fromEntries(
    Object.entries(tag.serials).flatMap(([origin, serials]) => {
      const serial = serials[of];
      const snapshot = tag.snapshots[snapshotKey(origin, serial)];
      return snapshot === undefined ? [] : [[origin, { serial, releases: releasesOf(snapshot) }]];
    }),
  );
}

/** Two projects on one host may both have a release 1.0. */
function isOf(tag: Tag, release: Release): boolean {
  return tag.project === release.project && tag.commit === release.commit;
}
