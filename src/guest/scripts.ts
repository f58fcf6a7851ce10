/** The shell parts that mayfly sends to a guest: read from files, values put before them. */
import { readFile } from 'node:fs/promises';
import { quoteWord } from '../process/command-error.js';
import { partFile } from '../program.js';

export type ScriptName = 'prepare' | 'provision' | 'build' | 'fetched' | 'collect' | 'finish';

/** Values for one script; their names are the script's MF_ variables. */
export type ScriptValues = Readonly<Record<`MF_${string}`, string>>;

const read = (name: string): Promise<string> => readFile(partFile(`guest/scripts/${name}.sh`), 'utf8');

/** The whole text that a shell in the guest reads from its standard input. */
export async function scriptText(name: ScriptName, values: ScriptValues): Promise<string> {
  const assignments = Object.entries(values).map(([key, value]) => `${key}=${quoteWord(value)}\n`);
  return [...assignments, await read('common'), await read(name)].join('');
}

/** `yes` or nothing, as the scripts have it. */
export const yes = (value: boolean): string => (value ? 'yes' : '');
