import { describe, expect, it } from 'vitest';
import { cleanEnvironment, searchPath } from '../../../src/process/environment.js';
import { run } from '../../../src/process/run.js';
import { setEnvironment } from '../../rig/fake-programs.js';

describe('cleanEnvironment', () => {
  it('keeps what names the person and the terminal, and nothing else', () => {
    const host = {
      HOME: '/home/ada',
      USER: 'ada',
      TERM: 'xterm',
      PATH: '/opt/bin',
      LANG: 'de_DE.UTF-8',
      LC_ALL: 'de_DE.UTF-8',
      LANGUAGE: 'de',
      TZ: 'Asia/Tokyo',
      http_proxy: 'http://127.0.0.1:3128',
      https_proxy: 'http://127.0.0.1:3128',
      SSH_AUTH_SOCK: '/run/agent',
      LD_PRELOAD: '/opt/evil.so',
      GIT_DIR: '/elsewhere/.git',
      SOURCE_DATE_EPOCH: '1',
      NODE_OPTIONS: '--inspect',
    };
    expect(cleanEnvironment({}, host)).toEqual({
      HOME: '/home/ada',
      USER: 'ada',
      TERM: 'xterm',
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
      PATH: '/opt/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin',
    });
  });

  it('adds what the caller passes on purpose, and leaves out what is undefined', () => {
    const environment = cleanEnvironment(
      { TMPDIR: '/scratch', HOME: undefined, LC_ALL: 'C' },
      { HOME: '/h' },
    );
    expect(environment).toMatchObject({ TMPDIR: '/scratch', HOME: '/h', LC_ALL: 'C' });
  });

  it('names each folder of PATH once, the person’s own first', () => {
    expect(searchPath({ PATH: '/usr/bin::/opt/bin:/usr/bin' })).toEqual([
      '/usr/bin',
      '/opt/bin',
      '/usr/local/sbin',
      '/usr/sbin',
      '/sbin',
      '/usr/local/bin',
      '/bin',
    ]);
    expect(searchPath({})[0]).toBe('/usr/local/sbin');
  });
});

describe('the environment of a program', () => {
  it('holds nothing of the host’s locale, proxy or loader settings', async () => {
    setEnvironment({
      LANGUAGE: 'de',
      LC_ALL: 'de_DE.UTF-8',
      http_proxy: 'http://127.0.0.1:9',
      GIT_DIR: '/nowhere',
      NODE_OPTIONS: '',
      MAYFLY_HOME: '/nowhere',
    });
    const { stdout } = await run('env', [], { env: { EXTRA: 'a=b c' } });
    const names = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0] ?? '');
    const allowed = [
      'EXTRA',
      'HOME',
      'LANG',
      'LC_ALL',
      'LOGNAME',
      'PATH',
      'TERM',
      'TMPDIR',
      'USER',
      'XDG_RUNTIME_DIR',
    ];
    expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(stdout).toContain('EXTRA=a=b c\n');
    expect(stdout).toContain('LC_ALL=C.UTF-8\n');
  });
});
