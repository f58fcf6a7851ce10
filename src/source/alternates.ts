/** Alternates: the other object stores that a repository borrows from (gitrepository-layout(5)). */
import { readFile, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Git follows alternates of alternates to this depth. */
const DEEPEST = 5;

/** The real paths of an `objects` folder and of all those that it borrows from; each once. */
export async function objectStores(objects: string): Promise<string[]> {
  const found = new Set<string>();
  await collect(objects, 0, found);
  return [...found];
}

async function collect(objects: string, depth: number, found: Set<string>): Promise<void> {
  // Git also goes on without an alternate that is gone; whoever needs its objects finds out.
  const real = await realpath(objects).catch(() => undefined);
  if (real === undefined || found.has(real)) return;
  found.add(real);
  if (depth === DEEPEST) return;
  const text = await readFile(join(real, 'info', 'alternates'), 'utf8').catch(() => '');
  for (const path of parseAlternates(text, real)) await collect(path, depth + 1, found);
}

/** Reads `objects/info/alternates`: one folder a line, relative to the `objects` folder. */
export function parseAlternates(text: string, objects: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => resolve(objects, line.startsWith('"') ? unquote(line) : line));
}

/** One line of `objects/info/alternates` for an absolute path. */
export function alternateLine(objects: string): string {
  if (!objects.includes('\n')) return `${objects}\n`;
  const escaped = objects.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n');
  return `"${escaped}"\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Undoes git's C-style quotes; `\303\244` are the two bytes of one UTF-8 letter. */
function unquote(line: string): string {
  const inner = line.slice(1, line.lastIndexOf('"'));
  const parts = Array.from(inner.matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/g), ([whole, octal, letter]) => {
    if (octal !== undefined) return Buffer.from([parseInt(octal, 8)]);
    return Buffer.from(letter === undefined ? whole : (ESCAPES[letter] ?? letter));
  });
  return Buffer.concat(parts).toString('utf8');
}
