import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { errorLines } from '../../../src/cli/show-error.js';
import { MayflyError } from '../../../src/errors.js';

const ESC = '\u001b';
/** What our own colours are, and nothing else. */
const COLOUR = new RegExp(`${ESC}\\[\\d+m`, 'g');

const plain = (error: unknown): string => errorLines(error).map(stripVTControlCharacters).join('\n');

describe('an error', () => {
  it('says what failed, what was seen, what to do next, and where the log is', () => {
    const error = new MayflyError('vm', 'x', 'The VM ended.', {
      details: ['Kernel panic', 'not syncing'],
      hint: 'Give it more memory.',
      log: '/builds/1/console.log',
    });
    expect(plain(error)).toMatchInlineSnapshot(`
      "error: The VM ended.
        Kernel panic
        not syncing
      Next: Give it more memory.
      Log:  /builds/1/console.log"
    `);
  });

  it('may have several things to do next, a line for each', () => {
    const error = new MayflyError('host', 'x', 'No.', { hint: 'Do this.\nOr that.' });
    expect(plain(error)).toBe('error: No.\nNext: Do this.\n      Or that.');
  });

  it('says no more than it knows', () => {
    expect(plain(new MayflyError('usage', 'x', 'No.'))).toBe('error: No.');
  });

  it('that is a bug asks for a report, with the stack', () => {
    const lines = plain(new TypeError('undefined is not a function')).split('\n');
    expect(lines[0]).toBe('error: this is a bug in mayfly. Please report it with these lines:');
    expect(lines[1]).toBe('  TypeError: undefined is not a function');
    expect(lines.length).toBeGreaterThan(2);
    expect(plain('thrown text')).toContain('thrown text');
  });

  it('cannot be used by a guest to act on the terminal', () => {
    const evil = '\u001b]52;c;x\u0007\u001b[2J\u202e';
    const lines = [
      ...errorLines(
        new MayflyError('vm', 'x', `a${evil}`, { details: [`b${evil}`], hint: `c${evil}`, log: `d${evil}` }),
      ),
      ...errorLines(new Error(evil)),
      ...errorLines(evil),
    ];
    for (const line of lines) {
      expect(line.replaceAll(COLOUR, '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }
  });

  it('of several lines keeps them all', () => {
    expect(plain(new MayflyError('usage', 'x', 'first\nsecond'))).toBe('error: first\n  second');
  });
});
