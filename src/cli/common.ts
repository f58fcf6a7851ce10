/** What several commands share: global flags, the values of flags, and output of both kinds. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { PROVIDER_CHOICES, type ProviderChoice } from '../config/providers.js';
import { parseDuration } from '../config/units.js';
import { MayflyError } from '../errors.js';
import { sanitizeLine } from '../report/sanitize.js';
import { wrapLine } from '../report/wrap.js';

/** Flags that every command has. @param json what `--json` does; undefined where there is nothing to read */
export function addGlobalFlags(command: Command, json: string | undefined): Command {
  if (json !== undefined) command.option('--json', json);
  return command
    .option('-v, --verbose', 'Show every step and every line.')
    .option('-q, --quiet', 'Show warnings and errors only.');
}

/** Where artifacts go, for every command that brings some out. */
export function addArtifactsFlag(command: Command): Command {
  return command.option(
    '--artifacts <DIR>',
    'Folder for the artifacts. Default: the variable ARTIFACTS, then artifacts.directory in builder.yaml.',
  );
}

/** From what is built, for commands that plan a build. */
export function addSnapshotsFlag(command: Command): Command {
  return command.option(
    '--snapshots <TAG>',
    'Build from the snapshots that this tag of the local archive keeps. Default: those that Git names.',
  );
}

/** What runs the VM, for every command that may start one. */
export function addProviderFlag(command: Command): Command {
  const option = new Option(
    '--provider <NAME>',
    'What runs the VM. Default: that of the kept VM, then vm.provider in builder.yaml, then qemu.',
  );
  // For help and completion only: commander itself would end at the first wrong value.
  option.argChoices = [...PROVIDER_CHOICES];
  return command.addOption(option);
}

/** @throws MayflyError `provider.unknown` */
export function parseProvider(text: string | undefined): ProviderChoice | undefined {
  if (text === undefined) return undefined;
  const found = PROVIDER_CHOICES.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new MayflyError(
    'usage',
    'provider.unknown',
    `--provider: there is no provider ${JSON.stringify(text)}.`,
    {
      hint: `Expected one of ${PROVIDER_CHOICES.join(', ')}.`,
    },
  );
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** One line or more, as they may reach a terminal: names and labels come from elsewhere. */
export function print(text: string): void {
  printAsIs(text.split('\n').map(sanitizeLine).join('\n'));
}

/** For what is ours alone: scripts, and lines in colours. */
export function printAsIs(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** As printAsIs, for lines that people read: a terminal would break them anywhere. */
export function printWrapped(line: string): void {
  printAsIs(wrapLine(line, process.stdout.isTTY ? process.stdout.columns : undefined));
}

/** Rows as columns, two blanks apart. */
export function table(texts: readonly (readonly string[])[]): readonly string[] {
  const rows = texts.map((row) => row.map(sanitizeLine));
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

/** What is wrong with a duration, in words; undefined when nothing is. Read as builder.yaml is. */
export function durationProblem(text: string, flag: string): string | undefined {
  if (parseDuration(text) !== undefined) return undefined;
  const expected = 'a duration such as 90s, 90m or 1h30m, 480h at most';
  return `${flag}: expected ${expected}, found ${JSON.stringify(text)}`;
}

/**
 * A duration as a number of seconds; undefined when none is given.
 * @throws MayflyError `usage.duration`
 */
export function parseTimeout(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  throw new MayflyError('usage', 'usage.duration', `${durationProblem(text, flag) ?? flag}.`);
}

/** For commander: a number of days. */
export function wholeDays(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a number of days');
  return Number(text);
}
