/** What the commands of serials share: which are meant, and how they are printed. */
import type { Command } from 'commander';
import type { SerialSet } from '../build/archive/origins.js';
import type { Serials } from '../snapshots/serial-files.js';
import { addGlobalFlags, print, printJson, table } from './common.js';
import type { GlobalOptions } from './session.js';

export const ORIGINS = ['[origins...]', 'Origins. Default: all of the project.'] as const;

export interface SerialFlags extends GlobalOptions {
  readonly serialsOnly?: boolean;
}

export interface SetFlags extends SerialFlags {
  readonly box?: boolean;
  readonly image?: boolean;
}

export function addSerialFlags(command: Command, json: string): Command {
  command.option('--serials-only', 'Print the serials alone, one a line.');
  return addGlobalFlags(command, json);
}

export function addSetFlags(command: Command): Command {
  return command
    .option('--box', 'Only the serial files of the base box.')
    .option('--image', 'Only the serial files of the image.');
}

/** Both sets, unless one is asked for. */
export function chosenSets(flags: SetFlags): readonly SerialSet[] {
  const sets: SerialSet[] = [];
  if (flags.box === true || flags.image !== true) sets.push('box');
  if (flags.image === true || flags.box !== true) sets.push('image');
  return sets;
}

/** @param lines for people; a table when they are left out */
export function printSerials(
  serials: Serials,
  flags: SerialFlags,
  lines: readonly string[] = table(Object.entries(serials)),
): void {
  if (flags.json === true) printJson(serials);
  else for (const line of flags.serialsOnly === true ? Object.values(serials) : lines) print(line);
}
