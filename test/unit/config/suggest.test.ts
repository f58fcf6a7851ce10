import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from '../../../src/config/suggest.js';

const WORDS = ['memory', 'build_memory', 'cpus', 'keeprunning', 'noram'];

describe('nearest', () => {
  it.each([
    ['memroy', 'memory'],
    ['memor', 'memory'],
    ['buildMemory', 'build_memory'],
    ['--keep-running', 'keeprunning'],
    ['KEEPRUNING', 'keeprunning'],
    ['cpu', 'cpus'],
    ['nroam', 'noram'],
  ])('%s is near %s', (word, expected) => {
    expect(nearest(word, WORDS)).toBe(expected);
  });

  it.each(['swap', 'x', '', 'x'.repeat(5000)])('nothing is near %s', (word) => {
    expect(nearest(word, WORDS)).toBeUndefined();
  });

  it('prefers the nearest of two', () => {
    expect(nearest('vmproxi', ['extproxy', 'vmproxy', 'noproxy'])).toBe('vmproxy');
  });
});

describe('didYouMean', () => {
  it('words the suggestion, or says nothing', () => {
    expect(didYouMean('cpu', WORDS)).toBe('; did you mean cpus?');
    expect(didYouMean('swap', WORDS)).toBe('');
  });
});
