import { describe, expect, it } from 'vitest';
import { formatSize, parseDuration, parseSize } from '../../../src/config/units.js';

describe('parseSize', () => {
  it.each<[string | number, number | undefined]>([
    ['512M', 536_870_912],
    ['1.5G', 1_610_612_736],
    ['1K', 1024],
    ['2T', 2_199_023_255_552],
    [4096, 4096],
    [0, 0],
    [-1, undefined],
    [1.5, undefined],
    ['512', undefined],
    ['512m', undefined],
    ['1_000M', undefined],
    ['M', undefined],
    ['', undefined],
    ['9999999999T', undefined],
  ])('%s is %s bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });
});

describe('formatSize', () => {
  it.each([
    [1_610_612_736, '1.5G'],
    [12_884_901_888, '12G'],
    [536_870_912, '512M'],
    [2048, '2K'],
    [7, '7 bytes'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});

describe('parseDuration', () => {
  it.each<[string, number | undefined]>([
    ['2h', 7200],
    ['90m', 5400],
    ['1h30m', 5400],
    ['1h1m1s', 3661],
    ['45s', 45],
    ['480h', 1_728_000],
    ['481h', undefined],
    ['0s', undefined],
    ['90', undefined],
    ['30m1h', undefined],
    ['', undefined],
  ])('%s is %s seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });
});
