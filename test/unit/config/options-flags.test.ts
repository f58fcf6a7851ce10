import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { OPTION_FLAGS, sayFlags } from '../../../src/config/options-flags.js';
import { readWords } from '../../../src/config/options-read.js';
import { OPTION_WORDS } from '../../../src/config/options-words.js';

/** A real command, made from the flags as the command line makes its own. */
function parse(args: readonly string[]): Record<string, unknown> {
  const command = new Command().exitOverride();
  for (const { flag, value, description } of OPTION_FLAGS) {
    command.option(value === undefined ? flag : `${flag} <${value}>`, description);
  }
  return command.parse(args, { from: 'user' }).opts();
}

const read = (...args: string[]) => readWords(sayFlags(parse(args)));

describe('flags', () => {
  it('say nothing when none is given', () => {
    expect(read()).toEqual({ values: {}, problems: [] });
  });

  it.each<[string[], object]>([
    [['--ram'], { ram: true }],
    [['--no-ram'], { ram: false }],
    [['--proxy', 'vmproxy+extproxy'], { proxy: 'vmproxy+extproxy' }],
    [['--offline'], { offline: true }],
    [['--cache-website'], { cacheWebsite: true }],
    [['--no-cache-website'], { cacheWebsite: false }],
    [['--fast-compression'], { compression: 'fast' }],
    [['--default-compression'], { compression: 'default' }],
    [['--cpus', '4'], { cpus: 4 }],
    [['--cpu-model', 'Haswell'], { cpuModel: 'Haswell' }],
    [['--machine-type', 'q35'], { machineType: 'q35' }],
    [['--date-offset', '-7'], { dateOffset: -7 }],
    [['--ignore-changes'], { ignoreChanges: true }],
    [['--no-merge-base-branch'], { mergeBaseBranch: false }],
    [['--keep-running'], { keepRunning: true }],
    [['--rescue'], { rescue: true }],
    [['--force-cleanup'], { forceCleanup: true }],
  ])('%j', (args, values) => {
    expect(read(...args)).toEqual({ values, problems: [] });
  });

  it.each<[string[], string]>([
    [['--cpus', 'abc'], '--cpus abc: expected a whole number from 1 to 288, found "abc"'],
    [
      ['--proxy', 'vmprox'],
      '--proxy vmprox: expected one of vmproxy, extproxy, vmproxy+extproxy, noproxy; did you mean vmproxy?',
    ],
    [['--proxy', 'ram'], '--proxy ram: expected one of vmproxy, extproxy, vmproxy+extproxy, noproxy'],
    [
      ['--fast-compression', '--default-compression'],
      '--default-compression contradicts --fast-compression; leave one of them out',
    ],
  ])('%j is wrong', (args, text) => {
    expect(read(...args).problems.map((problem) => problem.text)).toEqual([text]);
  });

  it('leave other flags of the command alone', () => {
    expect(sayFlags({ json: true, verbose: 2, ram: undefined })).toEqual([]);
  });

  it('cover every word but the old name of one', () => {
    const said = OPTION_FLAGS.flatMap(({ word, choices }) => choices ?? [word.replace(/=.*/, '')]);
    expect(new Set(said)).toEqual(
      new Set(OPTION_WORDS.map(({ word }) => word).filter((word) => word !== 'gzipcomp')),
    );
  });

  it('all have a description', () => {
    expect(OPTION_FLAGS.filter(({ description }) => description === '')).toEqual([]);
  });
});
