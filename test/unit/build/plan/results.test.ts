import { describe, expect, it } from 'vitest';
import { withoutResults } from '../../../../src/build/plan/results.js';

const left = (path: string, directory: string, patterns: readonly string[] = ['*.iso', 'sub/tails-?[0-9]']) =>
  withoutResults(
    { topLevel: '/home/ada/x', dirty: [{ path, change: 'untracked' }] },
    { directory, patterns, ownFiles: ['/home/ada/x/report/junit.xml'] },
  ).length === 1;

describe('an untracked file', () => {
  it.each<readonly [string, string, boolean]>([
    ['a.iso', '.', false],
    ['tails-a5', '.', false],
    ['build.json', '.', false],
    ['SHA256SUMS', '.', false],
    // Being written when a build was killed.
    ['.a.iso.new', '.', false],
    ['SHA256SUMS.4711.new', '.', false],
    ['a.new', '.', true],
    ['report/junit.xml', '.', false],
    ['junit.xml', '.', true],
    ['a.img', '.', true],
    ['out/a.iso', '.', true],
    ['out/a.iso', 'out', false],
    ['out/a.iso', '/home/ada/x/out', false],
    ['out/deep/a.iso', 'out', true],
    ['a.iso', 'out', true],
    ['a.iso', '/srv/out', true],
  ])('%s, with results in %s: a change is %s', (path, directory, isChange) => {
    expect(left(path, directory)).toBe(isChange);
  });

  it('a pattern that is no pattern stands for itself', () => {
    expect(left('a[b', '.', ['a[b'])).toBe(false);
    expect(left('a+b', '.', ['a+b'])).toBe(false);
  });
});

it('what is not untracked is a change, whatever its name', () => {
  const dirty = [{ path: 'build.json', change: 'modified' }] as const;
  expect(withoutResults({ topLevel: '/x', dirty }, { directory: '.', patterns: [], ownFiles: [] })).toEqual(
    dirty,
  );
});
