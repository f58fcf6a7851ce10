/**
 * Guest output is hostile: it may hold escape sequences that rewrite what a terminal shows or type
 * into it. What reaches a terminal keeps its text and loses everything else.
 */
import { stripVTControlCharacters } from 'node:util';

/** Control characters that may stay behind a broken sequence, and those that turn the direction of text around. */
const INVISIBLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** One line as it may be shown: without escape sequences, control characters and direction overrides. */
export function sanitizeLine(line: string): string {
  // A carriage return redraws a line (progress bars): what was drawn last is what counts.
  const drawn = line.replace(/\r+$/, '');
  const last = drawn.slice(drawn.lastIndexOf('\r') + 1);
  return stripVTControlCharacters(last).replaceAll('\t', '    ').replace(INVISIBLE, '').trimEnd();
}
