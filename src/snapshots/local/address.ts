/** The snapshot that an address of the archive stands for. */
import { archiveParts } from './layout.js';
import { findSnapshot } from './find-snapshot.js';
import type { Snapshot } from './snapshot.js';
import { findTag, snapshotKey, taggedSnapshots } from './tag.js';

export type SnapshotAddress =
  | { readonly kind: 'snapshot'; readonly origin: string; readonly serial: string }
  | { readonly kind: 'tagged'; readonly tag: string; readonly origin: string };

/** Undefined when there is none. */
export async function snapshotAt(archive: string, address: SnapshotAddress): Promise<Snapshot | undefined> {
  const { origin } = address;
  if (address.kind === 'snapshot') {
    return await findSnapshot({
      shelf: archiveParts(archive).snapshots,
      origin,
      serial: address.serial,
      releases: {},
      tagged: await taggedSnapshots(archive),
    });
  }
  const tag = await findTag(archive, address.tag);
  const serial = tag?.serials[origin]?.image;
  return serial === undefined ? undefined : tag?.snapshots[snapshotKey(origin, serial)];
}
