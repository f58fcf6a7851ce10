import { describe, expect, it } from 'vitest';
import {
  resolveOptions,
  type OptionFacts,
  type OptionSources,
  type ResolvedOptions,
} from '../../../src/config/options.js';
import { rejection } from './rejection.js';

const G = 1024 ** 3;
const FACTS: OptionFacts = { releasing: false, availableMemory: 4 * G, memory: 1.5 * G, buildMemory: 12 * G };

interface Given {
  readonly flags?: OptionSources['flags'];
  readonly mayfly?: string;
  readonly tails?: string;
  readonly config?: readonly string[];
  readonly facts?: Partial<OptionFacts>;
}

const sources = ({ flags = {}, mayfly, tails, config = [], facts = {} }: Given): OptionSources => ({
  flags,
  environment: { MAYFLY_BUILD_OPTIONS: mayfly, TAILS_BUILD_OPTIONS: tails },
  config: { options: config },
  facts: { ...FACTS, ...facts },
});
const resolve = (given: Given): ResolvedOptions => resolveOptions(sources(given));
const problems = (given: Given): readonly string[] => rejection(() => resolve(given)).details;

describe('resolveOptions', () => {
  it('gives the defaults when nobody says anything', () => {
    const { options, warnings, origins } = resolve({});
    expect(options).toEqual({
      ram: false,
      proxy: 'vmproxy',
      offline: false,
      cacheWebsite: false,
      compression: 'fast',
      cpus: undefined,
      cpuModel: undefined,
      machineType: undefined,
      dateOffset: 0,
      ignoreChanges: false,
      mergeBaseBranch: true,
      keepRunning: false,
      rescue: false,
      forceCleanup: false,
    });
    expect(Object.isFrozen(options)).toBe(true);
    expect(warnings).toEqual([]);
    expect(Object.keys(origins).sort()).toEqual(Object.keys(options).sort());
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  });

  it('prefers flags to the environment, that to builder.yaml, and that to defaults', () => {
    const { options, origins } = resolve({
      flags: { cpus: '8' },
      mayfly: ' cpus=4\tdateoffset=+3  noram\n',
      config: ['cpus=2', 'dateoffset=1', 'ram', 'noproxy'],
    });
    expect(options).toMatchObject({ cpus: 8, dateOffset: 3, ram: false, proxy: 'noproxy' });
    expect(origins).toMatchObject({
      cpus: 'command line',
      dateOffset: 'MAYFLY_BUILD_OPTIONS',
      ram: 'MAYFLY_BUILD_OPTIONS',
      proxy: 'builder.yaml',
      rescue: 'default',
    });
  });

  it.each<[string, Given, number | undefined, readonly string[]]>([
    ['TAILS_BUILD_OPTIONS when the other is unset', { tails: 'cpus=2' }, 2, []],
    [
      'MAYFLY_BUILD_OPTIONS alone when both are set',
      { mayfly: 'cpus=4', tails: 'cpus=2 xyzzy' },
      4,
      ['MAYFLY_BUILD_OPTIONS is set: TAILS_BUILD_OPTIONS is ignored.'],
    ],
    ['TAILS_BUILD_OPTIONS when the other is empty', { mayfly: ' ', tails: 'cpus=2' }, 2, []],
    ['MAYFLY_BUILD_OPTIONS when the other is empty', { mayfly: 'cpus=4', tails: '' }, 4, []],
    ['both in silence when they agree', { mayfly: 'cpus=4', tails: 'cpus=4' }, 4, []],
  ])('reads %s', (_, given, cpus, warnings) => {
    const resolved = resolve(given);
    expect([resolved.options.cpus, resolved.warnings]).toEqual([cpus, warnings]);
  });

  it('tells everything that is wrong at once, source by source', () => {
    const error = rejection(() =>
      resolve({
        flags: { cpus: 'many', proxy: 'extproxy' },
        tails: 'ram noram keeprunnin',
        config: ['dateoffset=x'],
      }),
    );
    expect([error.kind, error.code, error.message]).toEqual([
      'usage',
      'options.invalid',
      '5 build options are wrong.',
    ]);
    expect(error.details).toEqual([
      'command line: --cpus many: expected a whole number from 1 to 288, found "many"',
      'TAILS_BUILD_OPTIONS: noram contradicts ram; leave one of them out',
      'TAILS_BUILD_OPTIONS: unknown build option "keeprunnin"; did you mean keeprunning?',
      'builder.yaml: dateoffset=x: expected a whole number of days, such as +30 or -7, found "x"',
      expect.stringMatching(/^extproxy: http_proxy is not set/),
    ]);
  });

  it('lets sources differ: only words of one source contradict', () => {
    expect(resolve({ flags: { ram: false }, mayfly: 'ram' }).options.ram).toBe(false);
  });
});

describe('ram', () => {
  it.each<[string, Given, boolean, number]>([
    ['is on with just enough memory', { facts: { availableMemory: 13.5 * G } }, true, 0],
    ['is off with a byte less', { facts: { availableMemory: 13.5 * G - 1 } }, false, 0],
    ['is on when asked for, with a warning', { mayfly: 'ram' }, true, 1],
    ['is on when asked for', { mayfly: 'ram', facts: { availableMemory: 64 * G } }, true, 0],
    ['is off when asked for', { mayfly: 'noram', facts: { availableMemory: 64 * G } }, false, 0],
  ])('%s', (_, given, ram, warnings) => {
    const resolved = resolve(given);
    expect([resolved.options.ram, resolved.warnings.length]).toEqual([ram, warnings]);
  });
});

describe('proxies', () => {
  const PROXY = { httpProxy: 'http://proxy.example:3128' };
  const LOOPBACK = { httpProxy: 'http://127.0.0.1:3128' };

  it.each<[string, Partial<OptionFacts>]>([
    ['offline', {}],
    ['offline vmproxy+extproxy', PROXY],
    ['offline extproxy', PROXY],
    ['noproxy', LOOPBACK],
    ['vmproxy', { httpProxy: 'nonsense' }],
  ])('%s is fine', (words, facts) => {
    expect(resolve({ mayfly: words, facts }).warnings).toEqual([]);
  });

  it.each<[string, Partial<OptionFacts>, RegExp]>([
    ['offline noproxy', PROXY, /^offline needs a proxy that caches packages/],
    ['extproxy', {}, /^extproxy: http_proxy is not set/],
    ['vmproxy+extproxy', {}, /^vmproxy\+extproxy: http_proxy is not set/],
    ['extproxy', LOOPBACK, /^extproxy: .*loopback/],
    ['vmproxy+extproxy', LOOPBACK, /^vmproxy\+extproxy: .*loopback/],
    ['extproxy', { httpProxy: 'nonsense' }, /^extproxy: .*not a URL/],
  ])('%s with %j is refused', (words, facts, expected) => {
    expect(problems({ mayfly: words, facts })).toEqual([expect.stringMatching(expected)]);
  });

  it('sees contradictions between sources', () => {
    expect(problems({ flags: { offline: true }, config: ['noproxy'] })).toHaveLength(1);
  });
});

describe('a release', () => {
  const facts = { releasing: true };

  it('is compressed as the project does by default, without a warning', () => {
    const { options, warnings, origins } = resolve({ facts });
    expect([options.compression, warnings, origins.compression]).toEqual(['default', [], 'default']);
  });

  it.each<[string, readonly string[]]>([
    ['fastcomp', ['This is a release: fast compression is ignored.']],
    ['defaultcomp', []],
    ['cachewebsite', ['This is a release: cachewebsite is ignored, so that nothing cached gets into it.']],
    ['cachewebsite=no', []],
  ])('given %s', (words, warnings) => {
    const resolved = resolve({ mayfly: words, facts });
    expect(resolved.options).toMatchObject({ compression: 'default', cacheWebsite: false });
    expect(resolved.warnings).toEqual(warnings);
    const changed = Object.values(resolved.origins).filter((origin) => origin === 'rule');
    expect(changed).toHaveLength(warnings.length);
  });

  it('differs from any other build', () => {
    expect(resolve({ mayfly: 'fastcomp cachewebsite' }).options).toMatchObject({
      compression: 'fast',
      cacheWebsite: true,
    });
  });
});

describe('keeping and destroying', () => {
  it('lets forcecleanup win, and says so', () => {
    const { options, warnings, origins } = resolve({
      mayfly: 'forcecleanup',
      config: ['keeprunning', 'rescue'],
    });
    expect(options).toMatchObject({ forceCleanup: true, keepRunning: false, rescue: false });
    expect(warnings).toEqual([
      'forcecleanup is set: keeprunning is ignored, the VM will be destroyed.',
      'forcecleanup is set: rescue is ignored, the VM will be destroyed.',
    ]);
    expect(origins).toMatchObject({
      keepRunning: 'rule',
      rescue: 'rule',
      forceCleanup: 'MAYFLY_BUILD_OPTIONS',
    });
  });

  it('lets rescue keep the VM after success as well', () => {
    const { options, warnings, origins } = resolve({ mayfly: 'rescue' });
    expect(options).toMatchObject({ keepRunning: true, rescue: true });
    expect([warnings, origins.keepRunning]).toEqual([[], 'rule']);
  });
});
