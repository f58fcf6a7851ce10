import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatMemory,
  formatSeconds,
  formatTraffic,
  truncate,
} from '../../../src/report/format.js';

it.each([
  [0, '0.0 s'],
  [0.44, '0.4 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [185, '3 min 05 s'],
  [3599.4, '59 min 59 s'],
  [3599.6, '1 h 00 min'],
  [3725, '1 h 02 min'],
  [90_061, '25 h 01 min'],
])('formatSeconds(%s) is %s', (seconds, words) => {
  expect(formatSeconds(seconds)).toBe(words);
});

it.each([
  [0, '0 B'],
  [512, '512 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1_536_000, '1.5 MB'],
  [99_940_000, '99.9 MB'],
  [99_960_000, '100 MB'],
  [999_600, '1.0 MB'],
  [20 * 1024 ** 3, '21.5 GB'],
  [5e15, '5000 TB'],
])('formatBytes(%s) is %s', (bytes, words) => {
  expect(formatBytes(bytes)).toBe(words);
});

it.each([
  [0, '0 B'],
  [2 ** 20, '1.0 MiB'],
  [512 * 2 ** 20, '512 MiB'],
  [1023 * 2 ** 20, '1023 MiB'],
  [1536 * 2 ** 20, '1.5 GiB'],
  [2 ** 30, '1.0 GiB'],
  [13.5 * 2 ** 30, '13.5 GiB'],
  [128 * 2 ** 30, '128 GiB'],
  [2 ** 40, '1.0 TiB'],
])('formatMemory(%s) is %s', (bytes, words) => {
  expect(formatMemory(bytes)).toBe(words);
});

it.each([
  [{ bytes: 0, downloaded: 0, expected: 200e6 }, ''],
  [{ bytes: 84e6, downloaded: 84e6 }, '84.0 MB downloaded'],
  [{ bytes: 84e6, downloaded: 84e6, expected: 200e6 }, '84.0 MB of about 200 MB downloaded'],
  [{ bytes: 84e6, downloaded: 0, expected: 200e6 }, '84.0 MB of about 200 MB from the local archive'],
  [{ bytes: 84e6, downloaded: 4e6, expected: 200e6 }, '84.0 MB of about 200 MB, 4.0 MB of it downloaded'],
  // It was another box after all: then nobody knows.
  [{ bytes: 201e6, downloaded: 201e6, expected: 200e6 }, '201 MB downloaded'],
])('formatTraffic(%j) is %j', (traffic, words) => {
  expect(formatTraffic(traffic)).toBe(words);
});

describe('truncate', () => {
  it.each([
    ['short', 10, 'short'],
    ['exactly10!', 10, 'exactly10!'],
    ['eleven char', 10, 'eleven ch…'],
    ['👩👩👩', 2, '👩…'],
    ['abc', 1, '…'],
  ])('%s to %i columns', (text, width, cut) => {
    expect(truncate(text, width)).toBe(cut);
  });
});
