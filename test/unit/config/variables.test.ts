import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src/config/options.js';
import { guestVariables, reservedVariables, type GuestContext } from '../../../src/config/variables.js';

const httpProxy = 'http://proxy.example:3128';
const CONTEXT: GuestContext = { prefix: 'TAILS', gitRef: 'feature/x', gitCommit: 'c0ffee' };

function variables(words: string, context: Partial<GuestContext> = {}): Record<string, string> {
  const { options } = resolveOptions({
    flags: {},
    environment: { MAYFLY_BUILD_OPTIONS: words },
    config: { options: [] },
    facts: { releasing: false, availableMemory: 0, memory: 1, buildMemory: 1, httpProxy },
  });
  return guestVariables(options, { ...CONTEXT, httpProxy, ...context });
}

/** What a build with no option said, nor found out, gets. */
const PLAIN = {
  TAILS_PROXY: 'http://127.0.0.1:3142',
  TAILS_PROXY_TYPE: 'vmproxy',
  TAILS_WEBSITE_CACHE: '0',
  MKSQUASHFS_OPTIONS: '-comp xz -no-exports',
  GIT_REF: 'feature/x',
  GIT_COMMIT: 'c0ffee',
};

describe('guestVariables', () => {
  it.each<[string, Record<string, string | undefined>]>([
    ['', {}],
    ['ram', { TAILS_RAM_BUILD: '1' }],
    ['noram', {}],
    ['extproxy', { TAILS_PROXY: httpProxy, TAILS_PROXY_TYPE: 'extproxy' }],
    ['vmproxy+extproxy', { TAILS_ACNG_PROXY: httpProxy }],
    ['noproxy', { TAILS_PROXY: undefined, TAILS_PROXY_TYPE: 'noproxy' }],
    ['offline', { TAILS_OFFLINE_MODE: '1' }],
    ['cachewebsite', { TAILS_WEBSITE_CACHE: '1' }],
    ['defaultcomp', { MKSQUASHFS_OPTIONS: undefined }],
    ['dateoffset=30', { TAILS_DATE_OFFSET: '+30' }],
    ['dateoffset=-7', { TAILS_DATE_OFFSET: '-7' }],
    ['dateoffset=0', {}],
    ['rescue', { TAILS_BUILD_FAILURE_RESCUE: '1' }],
    ['keeprunning forcecleanup ignorechanges nomergebasebranch cpus=2 cpumodel=a machinetype=b', {}],
  ])('for "%s"', (words, difference) => {
    const all: Record<string, string | undefined> = { ...PLAIN, ...difference };
    const expected = Object.entries(all).filter(([, value]) => value !== undefined);
    expect(variables(words)).toEqual(Object.fromEntries(expected));
  });

  it('tells what is known of the source', () => {
    const context = {
      baseBranchGitCommit: 'ba5e',
      featureBranchGitCommit: 'fea7',
      aptSnapshotsSerials: { debian: '2026010101', 'debian-security': '2026010202', a: '2026010303' },
      jenkinsUrl: 'https://jenkins.example/',
      gitBranch: 'origin/feature/x',
    };
    expect(variables('', context)).toEqual({
      ...PLAIN,
      BASE_BRANCH_GIT_COMMIT: 'ba5e',
      FEATURE_BRANCH_GIT_COMMIT: 'fea7',
      APT_SNAPSHOTS_SERIALS: '{"a":"2026010303","debian":"2026010101","debian-security":"2026010202"}',
      JENKINS_URL: 'https://jenkins.example/',
      GIT_BRANCH: 'origin/feature/x',
    });
  });

  it('uses the prefix of the project, and adds its variables, which change none of ours', () => {
    const environment = { FLAVOUR: 'small', GIT_REF: 'mine' };
    expect(variables('', { prefix: 'OS', environment })).toMatchObject({
      FLAVOUR: 'small',
      GIT_REF: 'feature/x',
      OS_PROXY_TYPE: 'vmproxy',
    });
  });

  it('is frozen', () => {
    expect(Object.isFrozen(variables(''))).toBe(true);
  });
});

describe('reservedVariables', () => {
  it('holds every name that can be set', () => {
    expect(reservedVariables('TAILS')).toEqual(
      expect.arrayContaining([...Object.keys(PLAIN), 'TAILS_ACNG_PROXY']),
    );
    expect(reservedVariables('OS')).not.toContain('TAILS_PROXY');
  });
});
