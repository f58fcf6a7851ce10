/** What can be typed where: read from the commands as they are, for the scripts of all shells. */
import type { Command, Option } from 'commander';

/** One command, and what may follow it. */
export interface Place {
  /** The words that lead there, one blank apart: `box create`; empty for mayfly itself. */
  readonly path: string;
  readonly subcommands: readonly string[];
  /** What its argument may be, where that is one of a few words. */
  readonly choices: readonly string[];
  readonly flags: readonly Flag[];
}

export interface Flag {
  /** `--template`, `-t` */
  readonly names: readonly string[];
  readonly takesValue: boolean;
  /** What the value may be, where that is one of a few words. */
  readonly choices: readonly string[];
}

export function placesOf(command: Command, path: readonly string[] = []): readonly Place[] {
  const here: Place = {
    path: path.join(' '),
    subcommands: command.commands.map((child) => child.name()),
    choices: command.registeredArguments[0]?.argChoices ?? [],
    flags: [...command.options.map(flagOf), { names: ['--help', '-h'], takesValue: false, choices: [] }],
  };
  return [here, ...command.commands.flatMap((child) => placesOf(child, [...path, child.name()]))];
}

function flagOf(option: Option): Flag {
  return {
    names: [option.long, option.short].filter((name) => name !== undefined),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}

/** Path and command, for each word that leads from one command to the next: ` box`, `box create`. */
export function steps(places: readonly Place[]): readonly string[] {
  return places.flatMap(({ path, subcommands }) => subcommands.map((name) => `${path} ${name}`));
}

/** Path and flag, for each flag whose next word is its value: `build --cpus`. */
export function valueFlags(places: readonly Place[]): readonly { at: string; choices: readonly string[] }[] {
  return places.flatMap(({ path, flags }) =>
    flags
      .filter(({ takesValue }) => takesValue)
      .flatMap(({ names, choices }) => names.map((name) => ({ at: `${path} ${name}`, choices }))),
  );
}
