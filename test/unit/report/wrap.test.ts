import { describe, expect, it } from 'vitest';
import { wrapLine } from '../../../src/report/wrap.js';

const WORDS = 'one two three four five six seven eight nine ten';

describe('a line that is too long', () => {
  it.each([
    ['of words', WORDS, ['one two three four five six seven eight', '  nine ten']],
    [
      'of a table',
      `project    ${WORDS}`,
      ['project    one two three four five six', '           seven eight nine ten'],
    ],
    [
      'of a table with two columns',
      `ok  git  ${WORDS}`,
      ['ok  git  one two three four five six', '         seven eight nine ten'],
    ],
    [
      'below a table',
      `          ${WORDS}`,
      ['          one two three four five six', '          seven eight nine ten'],
    ],
    [
      'that would have no room',
      `${'x'.repeat(30)}  ${WORDS}`.slice(0, 54),
      [`${'x'.repeat(30)}  one two`, `${' '.repeat(16)}three four fiv`],
    ],
    [
      'with a path',
      `ok  keyring  /${'x'.repeat(30)} b`,
      ['ok  keyring', `         /${'x'.repeat(30)}`, '             b'],
    ],
    ['of a list', `  A=${WORDS}`, ['  A=one two three four five six seven', '    eight nine ten']],
    ['with a long word', `a ${'x'.repeat(50)} b`, ['a', `  ${'x'.repeat(50)}`, '  b']],
  ])('%s is broken between words, and hangs', (_, line, lines) => {
    expect(wrapLine(line, 40).split('\n')).toEqual(lines);
  });

  it('is measured without its colours', () => {
    const green = `\u001b[32mok\u001b[39m  git  ${'x '.repeat(15).trim()}`;
    expect(wrapLine(green, 40)).toBe(green);
    expect(wrapLine(`${green} yy`, 40).split('\n')).toEqual([green, `${' '.repeat(9)}yy`]);
  });

  it('is left as it is for who reads it from a pipe, and in a window that is too narrow', () => {
    const line = 'word '.repeat(100);
    expect(wrapLine(line, undefined)).toBe(line);
    expect(wrapLine(line, 20)).toBe(line);
  });
});

it('a line that fits is never changed', () => {
  const line = '  a   b  c ';
  expect(wrapLine(line, 80)).toBe(line);
  expect(wrapLine('x'.repeat(80), 80)).toBe('x'.repeat(80));
});
