/** Operations that are no builds, but have steps and logs of their own all the same. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { interruption, isAborted } from '../../errors.js';
import { buildsFolder } from '../../paths.js';
import type { Context } from '../context.js';
import { beginLog } from './about.js';
import { Journal } from './journal.js';

/** `20260102T030405Z-1a2b` */
export function newBuildId(now: Date): string {
  return `${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(2).toString('hex')}`;
}

export async function withJournal<T>(
  context: Context,
  use: (context: Context, journal: Journal) => Promise<T>,
): Promise<T> {
  using journal = new Journal(join(buildsFolder(context.home), newBuildId(new Date())), context.report);
  try {
    await beginLog(journal.folder, context.cwd);
    return await use({ ...context, report: journal.tell }, journal);
  } catch (error) {
    throw isAborted(context.signal) ? interruption(context.signal) : error;
  }
}
