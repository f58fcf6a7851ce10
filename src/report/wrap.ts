/** Long lines for a terminal, broken between words, and indented as far as what they go on with. Pure. */
import { stripVTControlCharacters } from 'node:util';

/** Below this, an indent would leave no room for words. Columns. */
const NARROWEST = 40;
/** What is left for words beside the first columns of a table. */
const LEAST_ROOM = 24;

/** @param width columns of the terminal; undefined: no terminal, and nothing is broken */
export function wrapLine(line: string, width: number | undefined): string {
  if (width === undefined || width < NARROWEST || columnsOf(line) <= width) return line;
  const hang = Math.min(hangOf(stripVTControlCharacters(line)), width - LEAST_ROOM);
  const lines: string[] = [];
  let current = '';
  // Blanks before a word stay with it: they are columns of a table, but where a line begins anew.
  for (const [whole, , word = ''] of line.matchAll(/( *)([^ ]+)/g)) {
    if (current !== '' && columnsOf(current + whole) > width) {
      lines.push(current);
      // A path is not broken: it is shown whole, as near to its column as it fits.
      current = ' '.repeat(Math.max(2, Math.min(hang, width - columnsOf(word)))) + word;
    } else current += whole;
  }
  return [...lines, current].join('\n');
}

const columnsOf = (text: string): number => Array.from(stripVTControlCharacters(text)).length;

/** Columns that a table may have before its last one. */
const TABLE = 48;

/** Where the last column of a table begins; in other lines, two columns in. */
function hangOf(line: string): number {
  const start = line.search(/[^ ]/);
  const gaps = [...line.slice(0, TABLE).matchAll(/ {2,}(?=[^ ])/g)];
  const last = gaps.at(-1);
  const end = last === undefined ? 0 : last.index + last[0].length;
  // A line that is indented far goes on with the last column of the one above.
  return end > start || start >= 8 ? Math.max(end, start) : start + 2;
}
