import { expect, it } from 'vitest';
import { bannerMs } from '../../../src/guest/ready.js';

it.each([
  ['at first', 0, 3000],
  ['when most guests have booted', 10_000, 3000],
  ['after a minute', 60_000, 15_000],
  ['after eight minutes', 480_000, 120_000],
])('a try waits longer for a guest that is slow: %s', (_when, askedForMs, expected) => {
  expect(bannerMs(askedForMs)).toBe(expected);
});
