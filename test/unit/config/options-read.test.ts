import { describe, expect, it } from 'vitest';
import { readWords, sayWord } from '../../../src/config/options-read.js';
import { OPTION_WORDS } from '../../../src/config/options-words.js';

const read = (words: string) => readWords(words.split(' ').map(sayWord));

describe('readWords', () => {
  it.each<[string, object]>([
    ['ram', { ram: true }],
    ['noram', { ram: false }],
    ['vmproxy', { proxy: 'vmproxy' }],
    ['extproxy', { proxy: 'extproxy' }],
    ['vmproxy+extproxy', { proxy: 'vmproxy+extproxy' }],
    ['noproxy', { proxy: 'noproxy' }],
    ['offline', { offline: true }],
    ['cachewebsite', { cacheWebsite: true }],
    ['cachewebsite=yes', { cacheWebsite: true }],
    ['cachewebsite=no', { cacheWebsite: false }],
    ['fastcomp', { compression: 'fast' }],
    ['gzipcomp', { compression: 'fast' }],
    ['defaultcomp', { compression: 'default' }],
    ['cpus=4', { cpus: 4 }],
    ['cpumodel=Haswell-noTSX', { cpuModel: 'Haswell-noTSX' }],
    ['machinetype=pc-q35-7.2', { machineType: 'pc-q35-7.2' }],
    ['dateoffset=+30', { dateOffset: 30 }],
    ['dateoffset=-7', { dateOffset: -7 }],
    ['dateoffset=7', { dateOffset: 7 }],
    ['dateoffset=-0', { dateOffset: 0 }],
    ['ignorechanges', { ignoreChanges: true }],
    ['nomergebasebranch', { mergeBaseBranch: false }],
    ['keeprunning', { keepRunning: true }],
    ['rescue', { rescue: true }],
    ['forcecleanup', { forceCleanup: true }],
    ['noram cpus=2 gzipcomp fastcomp', { ram: false, cpus: 2, compression: 'fast' }],
    ['rescue rescue', { rescue: true }],
  ])('%s', (words, values) => {
    expect(read(words)).toEqual({ values, problems: [] });
  });

  it.each<[string, string[]]>([
    ['keeprunnin', ['unknown build option "keeprunnin"; did you mean keeprunning?']],
    ['keep-running', ['unknown build option "keep-running"; did you mean keeprunning?']],
    ['xyzzy', [`unknown build option "xyzzy"; known are ${OPTION_WORDS.map(({ word }) => word).join(', ')}`]],
    ['cpus=abc', ['cpus=abc: expected a whole number from 1 to 288, found "abc"']],
    ['cpus', ['cpus: expected a whole number from 1 to 288, found nothing']],
    ['cpus=', ['cpus=: expected a whole number from 1 to 288, found nothing']],
    ['cpus=0', ['cpus=0: expected a whole number from 1 to 288, found "0"']],
    ['cpus=1e2', ['cpus=1e2: expected a whole number from 1 to 288, found "1e2"']],
    ['dateoffset=x', ['dateoffset=x: expected a whole number of days, such as +30 or -7, found "x"']],
    ['dateoffset=1.5', ['dateoffset=1.5: expected a whole number of days, such as +30 or -7, found "1.5"']],
    [
      'dateoffset=99999999',
      ['dateoffset=99999999: expected a whole number of days, such as +30 or -7, found "99999999"'],
    ],
    [
      'cpumodel=host,+vmx',
      ['cpumodel=host,+vmx: expected the name of a processor model, such as Haswell, found "host,+vmx"'],
    ],
    [
      'machinetype=q35,x=y',
      ['machinetype=q35,x=y: expected the name of a machine type, such as q35, found "q35,x=y"'],
    ],
    ['cachewebsite=maybe', ['cachewebsite=maybe: expected yes or no, found "maybe"']],
    ['rescue=yes', ['rescue=yes: rescue takes no value']],
    ['ram noram', ['noram contradicts ram; leave one of them out']],
    [
      'vmproxy extproxy noproxy',
      [
        'extproxy contradicts vmproxy; leave one of them out',
        'noproxy contradicts vmproxy; leave one of them out',
      ],
    ],
    ['gzipcomp defaultcomp', ['defaultcomp contradicts gzipcomp; leave one of them out']],
    ['cpus=2 cpus=4', ['cpus=4 contradicts cpus=2; leave one of them out']],
    [
      'RAM foo=1',
      [
        'unknown build option "RAM"; did you mean ram?',
        expect.stringContaining('unknown build option "foo"') as string,
      ],
    ],
  ])('%s is wrong', (words, texts) => {
    expect(read(words).problems.map(({ text }) => text)).toEqual(texts);
  });

  it('keeps what is right beside what is wrong', () => {
    expect(read('noram cpus=x').values).toEqual({ ram: false });
  });

  it('tells where in the list a problem is', () => {
    expect(read('ram cpus=x rescue noram').problems.map(({ index }) => index)).toEqual([1, 3]);
  });
});
