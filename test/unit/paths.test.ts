import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  boxesFolder,
  buildsFolder,
  cacheName,
  cachesFolder,
  lockFile,
  resolveHome,
  scratchFolder,
  toolsFolder,
  vmFiles,
  vmsFolder,
} from '../../src/paths.js';

it('a lock has no folder of its own', () => {
  const home = resolveHome({ MAYFLY_HOME: '/big' });
  expect(lockFile(home, 'box-x')).toBe('/big/state/locks/box-x.lock');
  expect(() => lockFile(home, 'box-../../x')).toThrow('no name of a lock');
});

describe('where mayfly stores', () => {
  it.each([
    [
      'the defaults of XDG',
      { HOME: '/home/ada' },
      ['/home/ada/.local/share/mayfly', '/home/ada/.cache/mayfly', '/home/ada/.local/state/mayfly'],
    ],
    [
      'XDG folders',
      { HOME: '/home/ada', XDG_DATA_HOME: '/d', XDG_CACHE_HOME: '/c', XDG_STATE_HOME: '/s' },
      ['/d/mayfly', '/c/mayfly', '/s/mayfly'],
    ],
    [
      'relative XDG folders, which are ignored',
      { HOME: '/home/ada', XDG_DATA_HOME: 'd', XDG_CACHE_HOME: '', XDG_STATE_HOME: './s' },
      ['/home/ada/.local/share/mayfly', '/home/ada/.cache/mayfly', '/home/ada/.local/state/mayfly'],
    ],
    [
      'MAYFLY_HOME',
      { HOME: '/h', XDG_DATA_HOME: '/d', MAYFLY_HOME: '/big' },
      ['/big/data', '/big/cache', '/big/state'],
    ],
    [
      'an empty MAYFLY_HOME, which is as good as none',
      { HOME: '/h', MAYFLY_HOME: '' },
      ['/h/.local/share/mayfly', '/h/.cache/mayfly', '/h/.local/state/mayfly'],
    ],
    [
      'no HOME',
      {},
      [`${homedir()}/.local/share/mayfly`, `${homedir()}/.cache/mayfly`, `${homedir()}/.local/state/mayfly`],
    ],
  ])('%s', (_name, env, [data, cache, state]) => {
    expect(resolveHome(env)).toEqual({ data, cache, state });
  });

  it('refuses a relative MAYFLY_HOME', () => {
    expect(() => resolveHome({ HOME: '/h', MAYFLY_HOME: 'big' })).toThrow(
      'MAYFLY_HOME is big, a relative path',
    );
  });

  it('is sorted by what it costs to make again', () => {
    const home = { data: '/d', cache: '/c', state: '/s' };
    const folders = [boxesFolder, cachesFolder, toolsFolder, vmsFolder, buildsFolder, scratchFolder];
    expect(folders.map((folder) => folder(home))).toEqual([
      '/d/boxes',
      '/d/caches',
      '/c/tools',
      '/s/vms',
      '/s/builds',
      '/s/tmp',
    ]);
    expect(lockFile(home, 'box-1')).toBe('/s/locks/box-1.lock');
    expect(cacheName('example', 'packages')).toBe('example-packages');
  });

  it('no two files of a VM have the same name', () => {
    const names = Object.values(vmFiles);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.includes('/'))).toEqual([]);
  });
});
