/**
 * The local archive on disk:
 *
 *   archive/
 *     files/ab/abcdef…        every file, by its SHA-256; written once, read-only; one that turned out to be
 *                             damaged ends in .damaged until it is mended (verify.ts)
 *     snapshots/ORIGIN/SERIAL.json   what a snapshot consists of (snapshot.ts); its time of change says
 *                             when a build used it last
 *     services/KEY/ORIGIN/SERIAL.json   the same, of a snapshot service: its serials are not ours
 *     tags/TAG.json           what a tag keeps for good (tag.ts)
 *     holds/ORIGIN/SERIAL     why a snapshot must not expire
 *     checkouts/ab….json      a checkout that uses the archive, by the SHA-256 of its path: where it is, and what
 *                             it was last known to be frozen to (checkouts.ts)
 *     catalogs/ab….json       which pool files an index names; made again when it is missing
 *     incoming/               files that are being fetched; of processes, which name themselves
 *
 * A file's name is its content, so that any number of processes may add files at once, and a crash
 * leaves nothing half under a final name.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export const archiveParts = (archive: string) => ({
  files: join(archive, 'files'),
  snapshots: join(archive, 'snapshots'),
  services: join(archive, 'services'),
  tags: join(archive, 'tags'),
  holds: join(archive, 'holds'),
  checkouts: join(archive, 'checkouts'),
  catalogs: join(archive, 'catalogs'),
  incoming: join(archive, 'incoming'),
});

export const storedFile = (archive: string, sha256: string): string =>
  join(archive, 'files', sha256.slice(0, 2), sha256);

/** @param shelf `snapshots`, or the folder of a service */
export const snapshotFile = (shelf: string, origin: string, serial: string): string =>
  join(shelf, origin, `${serial}.json`);

/** Where the snapshots of a service are kept. @param url of the service */
export const serviceShelf = (archive: string, url: string): string =>
  join(archive, 'services', createHash('sha256').update(url).digest('hex').slice(0, 16));
