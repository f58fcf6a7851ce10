import { describe, expect, it } from 'vitest';
import { proxyProblem, withoutPasswords } from '../../../src/config/proxy.js';

describe('proxyProblem', () => {
  it.each([
    'http://proxy.example:3128',
    'http://proxy.example:3128/',
    'http://192.0.2.7:3142',
    'http://user:secret@proxy.example:3128',
    'http://[2001:db8::1]:3128',
    'http://128.0.0.1:3128',
    'http://localhost.example:3128',
  ])('%s will do', (url) => {
    expect(proxyProblem(url)).toBeUndefined();
  });

  it.each([undefined, ''])('%j is not set', (url) => {
    expect(proxyProblem(url)).toMatch(/^http_proxy is not set/);
  });

  it.each([
    'http://127.0.0.1:3128',
    'http://127.9.8.7:3128',
    'http://127.1:3128',
    'http://0x7f000001:3128',
    'http://2130706433/',
    'http://0.0.0.0:3128',
    'http://0:3128',
    'http://localhost:3128',
    'http://LocalHost.:3128',
    'http://cache.localhost:3128',
    'http://[::1]:3128',
    'http://[0:0:0:0:0:0:0:1]:3128',
    'http://[::]:3128',
    'http://[::ffff:127.0.0.1]:3128',
  ])('%s is on the loopback', (url) => {
    expect(proxyProblem(url)).toMatch(/on this machine's loopback, which the guest cannot reach/);
  });

  it.each([
    'proxy.example:3128',
    'proxy',
    'http://',
    'http:///x',
    'http://a b',
    'http://a\nb',
    'http://[',
    'http:/x',
  ])('%j is no URL', (url) => {
    expect(proxyProblem(url)).toMatch(/is not a URL; expected one such as/);
  });

  it.each(['https://proxy.example', 'socks5://proxy.example', 'ftp://proxy.example'])(
    '%s is not http',
    (url) => {
      expect(proxyProblem(url)).toMatch(/expected a URL that begins with http:\/\//);
    },
  );

  it('does not show a password', () => {
    expect(proxyProblem('https://me:s3cret@proxy.example')).not.toContain('s3cret');
    expect(proxyProblem('http://me:s3cret@@127.0.0.1')).not.toContain('s3cret');
  });
});

it('what is published has no password of any URL, and is else as it was', () => {
  const plan = {
    apt: {
      proxy: 'http://me:s3cret@proxy.example:3128',
      sources: ['deb http://a:b@mirror.example/debian trixie main'],
    },
    connection: 'qemu+ssh://ada@big.example/system',
    mail: 'ada@example.org said "http://x.example/a@b"',
    ram: undefined,
  };
  expect(withoutPasswords(plan)).toEqual({
    apt: {
      proxy: 'http://…@proxy.example:3128',
      sources: ['deb http://…@mirror.example/debian trixie main'],
    },
    connection: plan.connection,
    mail: plan.mail,
  });
});
