import { describe, expect, it } from 'vitest';
import { sanitizeLine } from '../../../src/report/sanitize.js';

const ESC = '\u001b';
const BEL = '\u0007';

describe('sanitizeLine', () => {
  it.each([
    ['plain text', 'make: *** [all] Error 2', 'make: *** [all] Error 2'],
    ['letters of all scripts, and emoji', 'grüße 源 👩‍🚀', 'grüße 源 👩‍🚀'],
    ['colours (CSI)', `${ESC}[1;31mred${ESC}[0m`, 'red'],
    ['cursor movement and erasing (CSI)', `a${ESC}[2J${ESC}[H${ESC}[1Ab`, 'ab'],
    ['the one-byte CSI', 'a\u009b31mb', 'ab'],
    ['a window title (OSC, ended by BEL)', `a${ESC}]0;title${BEL}b`, 'ab'],
    ['a link (OSC 8)', `${ESC}]8;;http://example.org${BEL}text${ESC}]8;;${BEL}`, 'text'],
    ['carriage returns of a progress bar', '10%\r50%\r100%', '100%'],
    ['a carriage return at the end', 'done\r\r', 'done'],
    ['backspaces and bells', `a\b\bc${BEL}`, 'ac'],
    ['tabs', 'a\tb', 'a    b'],
    ['blanks at the end', 'a  \t ', 'a'],
    ['NUL, DEL and C1 controls', 'a\0b\u007fc\u0085d', 'abcd'],
    ['text turned around', 'a\u202egnp.exe\u202c\u2066b\u2069\u200f\u061c', 'agnp.exeb'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'abc'],
    ['line ends', 'a\nb', 'ab'],
  ])('%s', (_name, line, shown) => {
    expect(sanitizeLine(line)).toBe(shown);
  });

  it.each([
    ['a clipboard write (OSC 52)', `a${ESC}]52;c;ZXZpbA==${BEL}b`],
    ['a title ended by ST', `a${ESC}]2;t${ESC}\\b`],
    ['a device control string (DCS)', `a${ESC}P1$r0m${ESC}\\b`],
    ['an OSC that never ends', `a${ESC}]0;evil`],
    ['a CSI that never ends', `a${ESC}[`],
    ['a lone escape', `a${ESC}`],
    ['an escape within an escape', `${ESC}${ESC}[31m[32mx`],
    ['a request for an answer', `${ESC}[c${ESC}[6n${ESC}Z`],
    ['another character set', `${ESC}(0qqq${ESC}(B`],
  ])('leaves no control character of %s', (_name, line) => {
    expect(sanitizeLine(line)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  });

  it('of a line of noise leaves nothing that a terminal acts on', () => {
    const noise = Array.from({ length: 5000 }, (_, index) =>
      String.fromCodePoint((index * 7919) % 0x2100),
    ).join('');
    expect(sanitizeLine(noise)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
  });

  it('takes no time for a long hostile line', () => {
    const started = performance.now();
    sanitizeLine(`${ESC}]`.repeat(32_000));
    sanitizeLine(`${ESC}[${'1;'.repeat(32_000)}`);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
