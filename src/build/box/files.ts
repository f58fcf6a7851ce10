/** What a base box consists of, and what it was made from. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changedInputs, inputsOfBox, previousBox } from '../../basebox/changes.js';
import type { BoxPackage } from '../../basebox/create.js';
import type { Box, SourceFile } from '../../basebox/store.js';
import { hasCode } from '../../errors.js';
import { boxFiles } from '../../paths.js';

export async function readBoxPackages(box: Box): Promise<readonly BoxPackage[]> {
  return JSON.parse(await readFile(join(box.folder, boxFiles.packages), 'utf8')) as BoxPackage[];
}

/** Files of the archive; undefined of a box that was made before that was noted. */
export async function readBoxFiles(box: Box): Promise<readonly SourceFile[] | undefined> {
  try {
    return JSON.parse(await readFile(join(box.folder, boxFiles.files), 'utf8')) as SourceFile[];
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

export interface BoxChanges {
  /** Label of the box before it. */
  readonly since: string;
  /** One line for each input that changed. */
  readonly inputs: readonly string[];
}

/** What changed since the project's base box before this one; undefined when there is none. Pure. */
export function changesOf(boxes: readonly Box[], box: Box): BoxChanges | undefined {
  const before = previousBox(boxes, box);
  if (before === undefined) return undefined;
  const [old, own] = [inputsOfBox(before), inputsOfBox(box)];
  if (old === undefined || own === undefined) return undefined;
  return { since: before.record.label, inputs: changedInputs(old, own) };
}
