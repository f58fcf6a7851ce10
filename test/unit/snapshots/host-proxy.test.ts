import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { hostProxies, proxyFor, proxyRules } from '../../../src/snapshots/host-proxy.js';
import { makeUpstream } from '../../../src/snapshots/upstream.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { startService } from '../../rig/snapshot-service.js';

const { signal } = new AbortController();
const ALL = 'Acquire::http::Proxy\thttp://all:3128';
const OWN = 'Acquire::http::Proxy::Mirror.example\thttp://own:3128';
const NONE = 'Acquire::http::Proxy::mirror.example\tDIRECT';
const HTTPS = 'Acquire::https::Proxy\thttp://safe:3128';
const MIRROR = 'http://mirror.example/debian';
const SAFE = 'https://mirror.example/debian';

describe('the proxy of an address', () => {
  it.each([
    ['none is set', [], {}, MIRROR, undefined],
    ['for all', [ALL], {}, MIRROR, 'http://all:3128'],
    ['none for all', ['Acquire::http::Proxy\tDIRECT'], {}, MIRROR, undefined],
    ['for its host', [ALL, OWN], {}, MIRROR, 'http://own:3128'],
    ['for another host', [OWN], {}, 'http://other.example/', undefined],
    ['none for its host', [ALL, NONE], {}, MIRROR, undefined],
    [
      'none for its host, whatever the environment says',
      [NONE],
      { http_proxy: 'http://env:1' },
      MIRROR,
      undefined,
    ],
    ['of the environment', [ALL], { http_proxy: 'http://env:1' }, MIRROR, 'http://env:1'],
    ['of an environment that names none', [ALL], { http_proxy: '' }, MIRROR, 'http://all:3128'],
    ['for https', [ALL, HTTPS], {}, SAFE, 'http://safe:3128'],
    ['for https, as for http', [ALL], {}, SAFE, 'http://all:3128'],
    ['for its host by https, as for http', [ALL, HTTPS, NONE], {}, SAFE, undefined],
    ['for https alone', [HTTPS], {}, MIRROR, undefined],
    ['for https of the environment', [HTTPS], { https_proxy: 'http://env:2' }, SAFE, 'http://env:2'],
    ['for a host with the name of something else', [ALL], {}, 'http://constructor/', 'http://all:3128'],
    ['no_proxy names the host', [ALL, OWN], { no_proxy: 'localhost, Mirror.example' }, MIRROR, undefined],
    ['no_proxy names its domain', [ALL], { no_proxy: '.example' }, MIRROR, undefined],
    ['no_proxy names all', [ALL], { no_proxy: '*' }, MIRROR, undefined],
    ['no_proxy names the end of its name', [ALL], { no_proxy: 'irror.example' }, MIRROR, 'http://all:3128'],
    ['no_proxy names its port', [ALL], { no_proxy: 'mirror.example:80' }, MIRROR, undefined],
    ['no_proxy names another port', [ALL], { no_proxy: 'mirror.example:81' }, MIRROR, 'http://all:3128'],
    ['no_proxy names an IPv6 address', [ALL], { no_proxy: '::1' }, 'http://[::1]:8080/', undefined],
  ])('%s', (_name, dump: readonly string[], env, url, proxy) => {
    expect(proxyFor(proxyRules(`${dump.join('\n')}\n`, env), new URL(url))).toBe(proxy);
  });

  it('is asked of APT once, for all hosts', async () => {
    const apt = await fakeProgram('apt-config', `printf 'Dir\\t/\\n${ALL.replace('\t', '\\t')}\\n'`);
    const rules = await hostProxies({}, signal);
    expect(proxyFor(rules, new URL(MIRROR))).toBe('http://all:3128');
    expect(await apt.calls()).toEqual([['dump', '--format', '%f\t%v%n']]);
  });
});

describe('fetching', () => {
  it('takes for each host its own way, after a redirection too', async () => {
    await using service = await startService({ '/a.deb': 'direct' });
    const proxied: string[] = [];
    const proxy = createServer((request, response) => {
      proxied.push(request.url ?? '');
      response.writeHead(302, { location: `${service.url}/a.deb` }).end();
    });
    // undici asks a proxy for a tunnel; what comes through it is the request.
    proxy.on('connect', (request, socket) => {
      proxied.push(request.url ?? '');
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.once('data', () =>
        socket.end(`HTTP/1.1 302 Found\r\nlocation: ${service.url}/a.deb\r\ncontent-length: 0\r\n\r\n`),
      );
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const rules = proxyRules(`Acquire::http::Proxy\t${address}`, { no_proxy: '127.0.0.1' });
    {
      await using upstream = await makeUpstream(rules);
      expect((await upstream.read(`${service.url}/a.deb`, signal)).toString()).toBe('direct');
      expect(proxied).toEqual([]);
      expect((await upstream.read('http://mirror.example/a.deb', signal)).toString()).toBe('direct');
    }
    expect(proxied).toHaveLength(1);
    expect(proxied[0]).toContain('mirror.example');
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
