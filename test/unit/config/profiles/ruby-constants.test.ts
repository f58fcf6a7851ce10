import { describe, expect, it } from 'vitest';
import { rubyConstants } from '../../../../src/config/profiles/ruby-constants.js';

describe('a constant', () => {
  it.each<readonly [string, string, unknown]>([
    ['a whole number', 'A = 12', 12],
    ['one with groups', 'A = 12_288', 12288],
    ['a fraction', 'A = 1.5', 1.5],
    ['a product', 'A = 1.5 * 1024', 1536],
    ['brackets and signs', 'A = -(2 + 3) * 4 - 1', -21],
    ['a division of whole numbers, as Ruby does it', 'A = 7 / 2', 3],
    ['a division', 'A = 7 / 2.0', 3.5],
    ['text', "A = 'amd64'", 'amd64'],
    ['frozen text', 'A = "trixie".freeze', 'trixie'],
    ['one that is set unless it is', 'A ||= 3', 3],
    ['of another', 'B = 2\nA = B * 3', 6],
    ['inside a module', 'module M\n  A = 1\nend', 1],
    ['with a comment', 'A = 1 # MiB', 1],
    ['a comparison is none', 'A == 1', undefined],
    ['of one that is not known', 'A = C * 3', undefined],
    ['of a method', 'A = memory * 3', undefined],
    ['of the environment', "A = ENV['A']", undefined],
    ['with something filled in', 'A = "#{x}"', undefined],
    ['divided by nothing', 'A = 1 / 0', undefined],
    ['broken off', 'A = 1 +', undefined],
    ['with a bracket that stays open', 'A = (1', undefined],
    ['text in arithmetic', "A = 'x' * 3", undefined],
    ['a list', 'A = [1]', undefined],
  ])('%s', (_name, source, value) => {
    expect(rubyConstants(source).get('A')).toEqual(value);
  });
});
