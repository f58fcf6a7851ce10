/** What the local archive says when something in it cannot be used. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { hasCode, MayflyError, messageOf } from '../../errors.js';

/**
 * Reads a JSON file of the archive. Undefined when there is none.
 * @param what for the message: the snapshot, or the tag
 * @throws MayflyError `archive.damaged` with the path
 */
export async function readRecord<Shape extends z.ZodType>(
  shape: Shape,
  path: string,
  what: string,
): Promise<z.infer<Shape> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    if (hasCode(error, 'EISDIR') || hasCode(error, 'EIO')) throw damagedRecord(path, what, error);
    throw error;
  }
  try {
    return shape.parse(JSON.parse(text));
  } catch (error) {
    throw damagedRecord(path, what, error);
  }
}

function damagedRecord(path: string, what: string, cause: unknown): MayflyError {
  return new MayflyError(
    'host',
    'archive.damaged',
    `The record of ${what} in the local archive is damaged.`,
    {
      details: [path, messageOf(cause).split('\n')[0] ?? ''],
      hint: 'Remove that file, or put it back from a backup. What is lost comes back with `mayfly snapshots import`, or is taken anew.',
      cause,
    },
  );
}

/** @param what that cannot be read, such as an index of a snapshot */
export function damagedFile(what: string, cause: unknown): MayflyError {
  return new MayflyError('host', 'archive.damaged', `The local archive lost or cannot read ${what}.`, {
    details: [messageOf(cause).split('\n')[0] ?? ''],
    hint: '`mayfly snapshots verify` looks for all damage and mends what upstream still has.',
    cause,
  });
}
