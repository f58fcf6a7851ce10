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
    ['one that is set keeps its value', 'A = 2\nA ||= 3', 2],
    ['the last one counts', 'A = 2\nA = 3', 3],
    ['the last one counts, also when it is not understood', 'A = 2\nA = 2 ** 10', undefined],
    ['in a comment of several lines', '=begin\nA = 2\n=end\nB = 1', undefined],
    ['after the end', 'A = 2\n__END__\nA = 3', 2],
    ['a power', 'A = 2 ** 10', undefined],
    ['in sixteens', 'A = 0x400', undefined],
    ['in eights', 'A = 010', undefined],
    ['the largest of a list', 'A = [1, 2].max', undefined],
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
    expect(rubyConstants(source).values.get('A')).toEqual(value);
  });
});

it('one that is not understood is named', () => {
  const { unread } = rubyConstants('A = 2 ** 10\nB = 1\nB = [1,2].max\nB ||= 4\nC = x\nC = 3');
  expect([...unread]).toEqual([
    ['A', '2 ** 10'],
    ['B', '[1,2].max'],
  ]);
});
