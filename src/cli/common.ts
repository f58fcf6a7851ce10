/** What several commands share: the flags of the build options, and output of both kinds. */
import { Option, type Command } from 'commander';
import { OPTION_FLAGS } from '../config/options-flags.js';
import { MayflyError } from '../errors.js';

/** Flags that every command has. */
export function addGlobalFlags(command: Command, json: string | undefined): Command {
  if (json !== undefined) command.option('--json', json);
  return command
    .option('-v, --verbose', 'show every step and every line')
    .option('-q, --quiet', 'show warnings and errors only');
}

/** The build options of REFERENCE, as flags. */
export function addBuildOptionFlags(command: Command): Command {
  for (const { flag, value, choices, description } of OPTION_FLAGS) {
    const option = new Option(value === undefined ? flag : `${flag} <${value}>`, description);
    if (choices !== undefined) option.choices([...choices]);
    option.helpGroup('Build options:');
    command.addOption(option);
  }
  return command;
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Rows as columns, two blanks apart. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, Array.from(cell).length)));
  return rows.map((row) =>
    row
      .map((cell, index) =>
        index === row.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - Array.from(cell).length),
      )
      .join('  '),
  );
}

/** `90m`, `2h`, `45s` or seconds, as a number of seconds. */
export function parseTimeout(text: string, flag: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/.exec(text);
  const [, hours = '0', minutes = '0', seconds = '0'] = match ?? [];
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (match === null || total === 0) {
    throw new MayflyError(
      'usage',
      'usage.duration',
      `${flag}: expected a duration such as 90m or 2h, found ${JSON.stringify(text)}.`,
    );
  }
  return total;
}
