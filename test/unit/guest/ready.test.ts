import { expect, it } from 'vitest';
import { bannerMs, takenPort } from '../../../src/guest/ready.js';

it.each([
  ['at first', 0, 3000],
  ['when most guests have booted', 10_000, 3000],
  ['after a minute', 60_000, 15_000],
  ['after eight minutes', 480_000, 120_000],
])('a try waits longer for a guest that is slow: %s', (_when, askedForMs, expected) => {
  expect(bannerMs(askedForMs)).toBe(expected);
});

it.each([
  [['Error: remote port forwarding failed for listen port 3143'], '3143'],
  [['Error: remote port forwarding failed for listen port 80', 'Connection reset'], undefined],
  [[], undefined],
])('a port of the guest that is taken is told by ssh: %j', (log, expected) => {
  expect(takenPort(log)).toBe(expected);
});
