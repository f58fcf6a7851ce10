/** Runs a program that is not mayfly, as a person would. */
import { execa } from 'execa';

/** @returns what it printed, both streams @throws when it fails */
export async function programOutput(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  return (await execa(file, args, { env, all: true, stdin: 'ignore' })).all;
}
