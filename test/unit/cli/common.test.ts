import { describe, expect, it } from 'vitest';
import { parseTimeout, table } from '../../../src/cli/common.js';
import { isInteractive } from '../../../src/cli/session.js';

describe('parseTimeout', () => {
  it.each([
    ['45', 45],
    ['45s', 45],
    ['90m', 5400],
    ['2h', 7200],
    ['1h30m', 5400],
    ['1h30m15s', 5415],
    ['1h5', 3605],
  ])('%s is %i s', (text, seconds) => {
    expect(parseTimeout(text, '--timeout')).toBe(seconds);
  });

  it.each(['', '0', '0m', 'm', '-5', '1.5h', '5 m', '30m1h', '1d', '٣'])('refuses %j', (text) => {
    expect(() => parseTimeout(text, '--timeout')).toThrow(
      `--timeout: expected a duration such as 90m or 2h, found ${JSON.stringify(text)}.`,
    );
  });
});

describe('table', () => {
  it('aligns all columns but the last', () => {
    expect(
      table([
        ['a', 'long cell', 'x'],
        ['word', 'b', 'a last cell as long as it likes'],
        ['源', '', ''],
      ]),
    ).toEqual([
      'a     long cell  x',
      'word  b          a last cell as long as it likes',
      '源                ',
    ]);
  });

  it('of nothing is nothing', () => {
    expect(table([])).toEqual([]);
  });
});

it.each([[{ CI: 'true' }], [{ JENKINS_URL: 'http://jenkins.example/' }], [{ TERM: 'dumb' }]])(
  '%j is no person at a terminal',
  (env) => {
    expect(isInteractive(env)).toBe(false);
  },
);
