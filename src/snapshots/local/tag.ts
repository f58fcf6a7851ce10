/**
 * Tags: what a release was built from, kept for good. A tag holds the build's record, the snapshots
 * that it used, and the name of every file that it fetched; expiry leaves all of them alone.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MayflyError } from '../../errors.js';
import { entriesOf } from '../../process/entries.js';
import { makeScratch } from '../../process/scratch.js';
import { readRecord } from './damaged.js';
import { archiveParts } from './layout.js';
import { isTagName } from './names.js';
import { snapshotShape, type Snapshot } from './snapshot.js';
import { writeNew } from './write-new.js';

const usedFile = z.object({
  origin: z.string(),
  serial: z.string(),
  /** Below the origin's base URL. */
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int(),
});
/** A file that a build used. */
export type UsedFile = z.infer<typeof usedFile>;

export const tagShape = z.object({
  schema: z.literal(1),
  tag: z.string(),
  /** What was built: the project's name, and the commit. */
  project: z.string(),
  commit: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
  /** Origin → the serials that the base box and the image were made from, as Git has them. */
  serials: z.record(z.string(), z.object({ box: z.string(), image: z.string() })),
  /** Origin/serial → the snapshot that it stood for. */
  snapshots: z.record(z.string(), snapshotShape),
  files: z.array(usedFile),
  /** The build record itself: see `build.json`. */
  record: z.record(z.string(), z.unknown()),
});
export type Tag = z.infer<typeof tagShape>;

export { isTagName };

/** @throws MayflyError `tag.name` */
export function checkTagName(tag: string): string {
  if (isTagName(tag)) return tag;
  throw new MayflyError('usage', 'tag.name', `${JSON.stringify(tag)} cannot be the name of a tag.`, {
    hint: 'Letters, digits and . _ + ~ -, 100 at most, and not a serial.',
  });
}

const tagFile = (archive: string, tag: string): string =>
  join(archiveParts(archive).tags, `${checkTagName(tag)}.json`);

/** The key of a snapshot in a tag. */
export const snapshotKey = (origin: string, serial: string): string => `${origin}/${serial}`;

export async function listTags(archive: string): Promise<readonly string[]> {
  return (await entriesOf(archiveParts(archive).tags))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter(isTagName)
    .sort();
}

/** Undefined when there is no such tag. @throws MayflyError `archive.damaged` */
export async function findTag(archive: string, tag: string): Promise<Tag | undefined> {
  return await readRecord(tagShape, tagFile(archive, tag), `the tag ${tag}`);
}

/** @throws MayflyError `tag.unknown` */
export async function readTag(archive: string, tag: string): Promise<Tag> {
  const found = await findTag(archive, tag);
  if (found !== undefined) return found;
  const known = await listTags(archive);
  throw new MayflyError('usage', 'tag.unknown', `The local archive has no tag ${tag}.`, {
    hint:
      known.length === 0
        ? 'There are none yet: `mayfly snapshots tag NAME` makes one.'
        : `It has ${known.join(', ')}.`,
  });
}

/** @throws MayflyError `tag.exists`: what a tag keeps never changes */
export async function addTag(archive: string, tag: Tag): Promise<void> {
  const text = `${JSON.stringify(tag, undefined, 2)}\n`;
  // Written where the next command finds and removes what a killed one left.
  await using scratch = await makeScratch(archiveParts(archive).incoming, 0o700);
  if (await writeNew(tagFile(archive, tag.tag), text, scratch.path)) return;
  throw new MayflyError('usage', 'tag.exists', `The local archive has a tag ${tag.tag} already.`, {
    hint: `Choose another name, or remove that one: mayfly snapshots untag ${tag.tag}.`,
  });
}

/** @throws MayflyError `tag.unknown` */
export async function removeTag(archive: string, tag: string): Promise<void> {
  await readTag(archive, tag);
  await rm(tagFile(archive, tag), { force: true });
}

/** All tags, by name. One that another command removes meanwhile is none. @throws MayflyError `archive.damaged` */
export async function allTags(archive: string): Promise<readonly Tag[]> {
  const tags = await Promise.all((await listTags(archive)).map((tag) => findTag(archive, tag)));
  return tags.filter((tag) => tag !== undefined);
}

/** All snapshots that tags keep. */
export async function taggedSnapshots(archive: string): Promise<readonly Snapshot[]> {
  return (await allTags(archive)).flatMap(({ snapshots }) => Object.values(snapshots));
}
