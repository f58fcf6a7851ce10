/** The part of `mayfly box` that removes boxes: remove, clean. */
import type { Command } from 'commander';
import type { BoxRecord } from '../basebox/store.js';
import { formatBytes } from '../report/format.js';
import { allBoxes, BOX_NAME, pickBox } from './boxes.js';
import { addGlobalFlags, print, printJson, wholeDays } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export function addRemoveCommands(box: Command): void {
  addRemove(box);
  addClean(box);
}

function addRemove(box: Command): void {
  const remove = box
    .command('remove')
    .summary('remove one base box')
    .description(
      'Removes one base box and its copies on other hosts, unless a VM uses it. The next build that wants it makes it anew.',
    )
    .argument('<box>', BOX_NAME);
  addGlobalFlags(remove, 'Print the record of what was removed as JSON.');
  addExamples(
    remove,
    ['mayfly box remove 1a2b3c', 'find it by its fingerprint, which `box list` prints'],
    ['mayfly box remove example-builder-amd64-trixie-20261126-364e878', 'find it by its label'],
  );
  remove.action(async (name: string, flags: GlobalOptions) => {
    const { removeOneBox } = await import('../build/box/remove.js');
    using session = openSession(flags, false);
    const found = await pickBox(await allBoxes(session.context), name);
    await removeOneBox(session.context, found);
    if (flags.json === true) printJson({ removed: found.record });
    else printRemoved(found.record);
  });
}

function addClean(box: Command): void {
  const clean = box
    .command('clean')
    .summary('remove old base boxes')
    .description(
      'Removes old base boxes. The newest of each project and distribution stays, and so does every base box that a VM uses.',
    )
    .option('--all', 'Remove all base boxes that no VM uses.')
    .option('--older-than <DAYS>', 'What is old. Default: 183, half a year.', wholeDays);
  addGlobalFlags(clean, 'Print the records of what was removed as JSON.');
  addExamples(
    clean,
    ['mayfly box clean', 'remove those older than half a year'],
    ['mayfly box clean --older-than 30', 'remove those older than 30 days'],
  );
  clean.action(async (flags: GlobalOptions & { all?: boolean; olderThan?: number }) => {
    const { cleanBoxes } = await import('../build/box/remove.js');
    using session = openSession(flags, false);
    const removed = await cleanBoxes(session.context, { all: flags.all, days: flags.olderThan });
    if (flags.json === true) {
      printJson({ removed: removed.map(({ record }) => record) });
      return;
    }
    for (const { record } of removed) printRemoved(record);
    if (removed.length === 0) print('There is nothing to remove.');
  });
}

function printRemoved({ label, fingerprint, fileBytes }: BoxRecord): void {
  print(`Removed ${label} (${fingerprint.slice(0, 12)}), ${formatBytes(fileBytes)}.`);
}
