/** A base box as a file of a person's own. */
import { resolve } from 'node:path';
import type { BoxFormat } from '../../basebox/formats.js';
import { exportBox } from '../../basebox/package.js';
import type { Box } from '../../basebox/store.js';
import { scratchFolder } from '../../paths.js';
import { makeScratch } from '../../process/scratch.js';
import type { Context } from '../context.js';

/** @param file relative to where the command was typed */
export async function exportToFile(
  context: Context,
  box: Box,
  format: BoxFormat,
  file: string,
): Promise<void> {
  await using scratch = await makeScratch(scratchFolder(context.home), 0o700);
  await exportBox(box, format, resolve(context.cwd, file), scratch.path, context.signal);
}
