import { expect, it } from 'vitest';
import { wantsColor } from '../../../src/report/colors.js';

it.each([
  [{ TERM: 'xterm' }, true, true],
  [{ TERM: 'xterm' }, false, false],
  [{ TERM: 'dumb' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ CI: '' }, true, true],
  [{ CI: 'true' }, true, false],
  [{ CI: 'true', FORCE_COLOR: '1' }, true, false],
  [{ JENKINS_URL: 'http://jenkins.example' }, true, false],
])('%j, at a terminal %j: %j', (env, isTerminal, expected) => {
  expect(wantsColor(env, isTerminal)).toBe(expected);
});
