import { afterEach, describe, expect, it } from 'vitest';
import { bytesOf, kindOf, partsOf, relayOf, type Relay } from '../../../bench/relay.js';
import { MayflyError } from '../../../src/errors.js';
import { proxyRules } from '../../../src/snapshots/host-proxy.js';
import { makeUpstream, type Upstream } from '../../../src/snapshots/upstream.js';

describe('partsOf', () => {
  it.each([
    {
      url: '/debian/dists/trixie/InRelease',
      expected: { origin: 'debian', path: 'dists/trixie/InRelease' },
    },
    { url: '/debian//pool/a%2bb.deb', expected: { origin: 'debian', path: 'pool/a%2bb.deb' } },
    { url: '/debian/pool/a.deb?x#y', expected: { origin: 'debian', path: 'pool/a.deb' } },
    { url: '/debian/', expected: undefined },
    { url: '/debian', expected: undefined },
    { url: 'http://mirror.example/debian/pool/a.deb', expected: undefined },
  ])('$url', ({ url, expected }) => {
    expect(partsOf(url)).toEqual(expected);
  });
});

describe('kindOf', () => {
  it.each([
    { path: 'dists/trixie/InRelease', expected: 'signed' },
    { path: 'dists/trixie/Release.gpg', expected: 'signed' },
    { path: 'dists/trixie/main/binary-amd64/Packages.xz', expected: 'index' },
    { path: 'dists/trixie/main/binary-amd64/by-hash/SHA256/ab', expected: 'index' },
    { path: 'pool/main/h/hello/hello_2.10-3_amd64.deb', expected: 'package' },
  ])('$path', ({ path, expected }) => {
    expect(kindOf(path)).toBe(expected);
  });
});

describe('bytesOf', () => {
  const fetched = [
    { origin: 'debian', path: 'dists/trixie/InRelease', bytes: 1 },
    { origin: 'debian', path: 'dists/trixie/main/binary-amd64/Packages.xz', bytes: 20 },
    { origin: 'debian', path: 'pool/main/h/hello/hello.deb', bytes: 300 },
  ];

  it('sums up what was fetched, of all kinds or of some', () => {
    expect(bytesOf(fetched)).toBe(321);
    expect(bytesOf(fetched, ['signed', 'package'])).toBe(301);
    expect(bytesOf([])).toBe(0);
  });
});

describe('relayOf', () => {
  const opened: string[] = [];
  const upstream: Upstream = {
    open(url) {
      opened.push(url);
      if (url.endsWith('missing')) {
        return Promise.reject(new MayflyError('host', 'archive.not-found', 'It is not there.'));
      }
      if (url.endsWith('broken')) return Promise.reject(new Error('The line is cut.'));
      return Promise.resolve(pieces('four', 'five5'));
    },
    read: () => Promise.reject(new Error('not used')),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const { signal } = new AbortController();
  const bases = new Map([['debian', 'http://mirror.example/debian']]);
  let relay: Relay | undefined;

  async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) yield await Promise.resolve(Buffer.from(text));
  }

  afterEach(async () => {
    await relay?.[Symbol.asyncDispose]();
    relay = undefined;
    opened.length = 0;
  });

  it('hands on what the mirror answers, and counts it once', async () => {
    relay = await relayOf(bases, upstream, false, signal);
    const answer = await fetch(`${relay.url('debian')}/pool/a.deb`);
    expect(await answer.text()).toBe('fourfive5');
    expect(opened).toEqual(['http://mirror.example/debian/pool/a.deb']);
    expect(relay.take()).toEqual([{ origin: 'debian', path: 'pool/a.deb', bytes: 9 }]);
    expect(relay.take()).toEqual([]);
    expect(relay.env).toEqual({});
  });

  it.each([
    { path: 'debian/missing', status: 404 },
    { path: 'debian/broken', status: 502 },
    { path: 'other/pool/a.deb', status: 404 },
  ])('answers $path with $status and counts nothing', async ({ path, status }) => {
    relay = await relayOf(bases, upstream, false, signal);
    const answer = await fetch(`${relay.url('')}${path}`);
    await answer.text();
    expect(answer.status).toBe(status);
    expect(relay.take()).toEqual([]);
  });

  it('leads to itself as a proxy, for programs that would ask that of the host', async () => {
    relay = await relayOf(bases, upstream, true, signal);
    await using through = await makeUpstream(proxyRules('', relay.env));
    expect((await through.read(`${relay.url('debian')}/pool/a.deb`, signal)).toString()).toBe('fourfive5');
    expect(bytesOf(relay.take())).toBe(9);
  });
});
