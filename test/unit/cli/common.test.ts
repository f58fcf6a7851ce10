import { describe, expect, it, vi } from 'vitest';
import { parseTimeout, print, table } from '../../../src/cli/common.js';
import { loadConfig } from '../../../src/config/load.js';
import { isInteractive } from '../../../src/cli/session.js';

describe('parseTimeout', () => {
  it.each([
    ['45s', 45],
    ['90m', 5400],
    ['2h', 7200],
    ['1h30m15s', 5415],
  ])('%s is %i s', (text, seconds) => {
    expect(parseTimeout(text, '--timeout')).toBe(seconds);
  });

  it('of nothing is nothing', () => {
    expect(parseTimeout(undefined, '--timeout')).toBeUndefined();
  });

  it.each(['', '0', '90', '0m', '1h5', '-5', '1.5h', '30m1h', '481h'])('refuses %j', (text) => {
    expect(() => parseTimeout(text, '--timeout')).toThrow(
      `--timeout: expected a duration such as 90s, 90m or 1h30m, 480h at most, found ${JSON.stringify(text)}.`,
    );
  });

  it.each(['90', '90s', '5400s', '1h5', '480h', '481h'])(
    'reads %s as `timeout` of builder.yaml is read',
    (text) => {
      const yaml = (): unknown =>
        loadConfig(`build:\n  timeout: ${text}\n`, { file: 'x', defaults: { name: 'x' } }).build.timeout;
      const said = attempt(() => parseTimeout(text, '--timeout'));
      expect(said).toEqual(attempt(yaml));
    },
  );
});

/** The value, or undefined when it is refused. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

it('print and table show no escape sequences; lines of ours stay lines', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  print('a\u001B]0;evil\u0007\u001B[2Jb\n  c\u202E');
  expect(write.mock.calls).toEqual([['ab\n  c\n']]);
  write.mockRestore();
  expect(table([['a\u001B[31m\nb', 'c']])).toEqual(['ab  c']);
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

it.each([
  [{ TERM: 'xterm' }, true, true],
  [{ CI: '', JENKINS_URL: '' }, true, true],
  [{ TERM: 'xterm' }, false, false],
  [{ CI: 'true' }, true, false],
  [{ JENKINS_URL: 'http://jenkins.example/' }, true, false],
  [{ TERM: 'dumb' }, true, false],
])('%j, at a terminal %j: lines are redrawn %j', (env, isTerminal, expected) => {
  expect(isInteractive(env, isTerminal)).toBe(expected);
});
