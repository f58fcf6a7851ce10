import { describe, it } from 'vitest';
import { check, type Rows, scribble, useTailsProject } from './row.js';

useTailsProject();

const PROXY = 'http://proxy.example:3128';

/** What the scripts get when nobody says anything. */
const DEFAULTS = {
  TAILS_PROXY: 'http://127.0.0.1:3142',
  TAILS_PROXY_TYPE: 'vmproxy',
  TAILS_OFFLINE_MODE: null,
  TAILS_WEBSITE_CACHE: '0',
  TAILS_DATE_OFFSET: null,
  TAILS_BUILD_FAILURE_RESCUE: null,
  MKSQUASHFS_OPTIONS: '-comp xz -no-exports',
} as const;

const OPTIONS: Rows = [
  [
    'ram',
    {
      words: 'ram',
      gives: { ramKib: 12 * 2 ** 20, vm: { memoryBytes: 13824 * 2 ** 20 } },
      variables: { TAILS_RAM_BUILD: '1' },
    },
  ],
  ['noram', { words: 'noram', gives: { ramKib: undefined }, variables: { TAILS_RAM_BUILD: null } }],
  [
    'no word, and memory free for a build in it',
    {
      free: 13824,
      gives: {
        ramKib: 12 * 2 ** 20,
        vm: { memoryBytes: 13824 * 2 ** 20 },
        optionOrigins: { ram: 'default' },
      },
      variables: { TAILS_RAM_BUILD: '1', ...DEFAULTS },
    },
  ],
  [
    'no word, and a MiB too little',
    {
      free: 13823,
      gives: { ramKib: undefined, vm: { memoryBytes: 1536 * 2 ** 20 }, optionOrigins: { ram: 'default' } },
      variables: { TAILS_RAM_BUILD: null, ...DEFAULTS },
    },
  ],
  [
    'vmproxy',
    {
      words: 'vmproxy',
      variables: {
        TAILS_PROXY: 'http://127.0.0.1:3142',
        TAILS_PROXY_TYPE: 'vmproxy',
        TAILS_ACNG_PROXY: null,
      },
    },
  ],
  [
    'extproxy',
    {
      words: 'extproxy',
      env: { http_proxy: PROXY },
      variables: { TAILS_PROXY: PROXY, TAILS_PROXY_TYPE: 'extproxy', TAILS_ACNG_PROXY: null },
    },
  ],
  ['extproxy without http_proxy', { words: 'extproxy', fails: [2, 'options.invalid'], says: 'http_proxy' }],
  [
    'extproxy on the loopback of the host',
    {
      words: 'extproxy',
      env: { http_proxy: 'http://127.0.0.1:3142' },
      fails: [2, 'options.invalid'],
      says: 'extproxy',
    },
  ],
  [
    'extproxy on localhost',
    {
      words: 'extproxy',
      env: { http_proxy: 'http://localhost:3142' },
      fails: [2, 'options.invalid'],
      says: 'extproxy',
    },
  ],
  [
    'vmproxy+extproxy',
    {
      words: 'vmproxy+extproxy',
      env: { http_proxy: PROXY },
      variables: {
        TAILS_PROXY: 'http://127.0.0.1:3142',
        TAILS_PROXY_TYPE: 'vmproxy',
        TAILS_ACNG_PROXY: PROXY,
      },
    },
  ],
  [
    'vmproxy+extproxy without http_proxy',
    { words: 'vmproxy+extproxy', fails: [2, 'options.invalid'], says: 'http_proxy' },
  ],
  [
    'noproxy: its first disk is there all the same',
    {
      words: 'noproxy',
      gives: { caches: { packages: { serial: 'mayfly-packages' } } },
      variables: { TAILS_PROXY: null, TAILS_PROXY_TYPE: 'noproxy' },
    },
  ],
  ['offline', { words: 'offline', variables: { TAILS_OFFLINE_MODE: '1' } }],
  [
    'offline without a proxy',
    { words: 'offline noproxy', fails: [2, 'options.invalid'], says: 'offline needs a proxy' },
  ],
  [
    'cachewebsite',
    {
      words: 'cachewebsite',
      gives: { caches: { website: { bytes: 5 * 2 ** 30 } } },
      variables: { TAILS_WEBSITE_CACHE: '1' },
    },
  ],
  ['cachewebsite=yes', { words: 'cachewebsite=yes', variables: { TAILS_WEBSITE_CACHE: '1' } }],
  [
    'cachewebsite=no',
    {
      words: 'cachewebsite=no',
      gives: { caches: { website: undefined } },
      variables: { TAILS_WEBSITE_CACHE: '0' },
    },
  ],
  [
    'cachewebsite for a release',
    {
      at: '5.0',
      words: 'cachewebsite',
      warns: 'cachewebsite is ignored',
      variables: { TAILS_WEBSITE_CACHE: '0' },
    },
  ],
  ['fastcomp', { words: 'fastcomp', variables: { MKSQUASHFS_OPTIONS: '-comp xz -no-exports' } }],
  ['gzipcomp', { words: 'gzipcomp', variables: { MKSQUASHFS_OPTIONS: '-comp xz -no-exports' } }],
  ['defaultcomp', { words: 'defaultcomp', variables: { MKSQUASHFS_OPTIONS: null } }],
  [
    'fastcomp for a release',
    {
      at: '5.0',
      words: 'fastcomp',
      warns: 'fast compression is ignored',
      variables: { MKSQUASHFS_OPTIONS: null },
    },
  ],
  ['no word, on a host of many CPUs', { hostCpus: 48, gives: { vm: { cpus: 48 } } }],
  ['cpus', { words: 'cpus=3', gives: { vm: { cpus: 3 } } }],
  ['cpumodel', { words: 'cpumodel=Haswell', gives: { vm: { cpuModel: 'Haswell' } } }],
  ['machinetype', { words: 'machinetype=pc-q35-7.2', gives: { vm: { machineType: 'pc-q35-7.2' } } }],
  ['dateoffset forwards', { words: 'dateoffset=+30', variables: { TAILS_DATE_OFFSET: '+30' } }],
  ['dateoffset backwards', { words: 'dateoffset=-7', variables: { TAILS_DATE_OFFSET: '-7' } }],
  ['ignorechanges', { words: 'ignorechanges', before: scribble, gives: { source: { dirty: ['scribble'] } } }],
  [
    'nomergebasebranch',
    {
      at: 'feature/topic',
      words: 'nomergebasebranch',
      gives: { source: { merged: false } },
      variables: { GIT_COMMIT: '<feature/topic>', FEATURE_BRANCH_GIT_COMMIT: null },
    },
  ],
  ['keeprunning', { words: 'keeprunning', gives: { options: { keepRunning: true, rescue: false } } }],
  [
    'rescue',
    {
      words: 'rescue',
      gives: { options: { keepRunning: true, rescue: true } },
      variables: { TAILS_BUILD_FAILURE_RESCUE: '1' },
    },
  ],
  [
    'forcecleanup',
    {
      words: 'forcecleanup rescue',
      gives: { options: { forceCleanup: true, keepRunning: false } },
      warns: 'forcecleanup is set',
    },
  ],
  ['an unknown word', { words: 'fastkomp', fails: [2, 'options.invalid'], says: 'fastcomp' }],
  [
    'two that contradict each other',
    { words: 'vmproxy noproxy', fails: [2, 'options.invalid'], says: 'contradicts' },
  ],
];

describe('each word of TAILS_BUILD_OPTIONS', () => {
  it.each(OPTIONS)('%s', async (_name, row) => {
    await check(row);
  });
});
