import { describe, expect, it } from 'vitest';
import { median, summarize } from '../../../bench/statistics.js';

describe('median', () => {
  it.each([
    { values: [7], expected: 7 },
    { values: [3, 1], expected: 2 },
    { values: [9, 1, 2], expected: 2 },
    { values: [4, 1, 3, 100], expected: 3.5 },
    { values: [10, 9, 100, 11, 8], expected: 10 },
    { values: [0.25, 0.25, 0.5, 0.5], expected: 0.375 },
  ])('of $values is $expected', ({ values, expected }) => {
    expect(median(values)).toBe(expected);
  });

  it('leaves the order of its input alone', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it.each([{ values: [] }, { values: [1, Number.NaN] }, { values: [Number.POSITIVE_INFINITY] }])(
    'refuses $values',
    ({ values }) => {
      expect(() => median(values)).toThrow(RangeError);
    },
  );
});

describe('summarize', () => {
  it('gives count, median, least and most', () => {
    expect(summarize([5, 2, 10])).toEqual({ n: 3, median: 5, min: 2, max: 10 });
  });

  it('refuses an empty list', () => {
    expect(() => summarize([])).toThrow(RangeError);
  });
});
