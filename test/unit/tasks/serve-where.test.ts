import { join } from 'node:path';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { parseListen, serveSnapshots } from '../../../src/tasks/serve-snapshots.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { contextIn } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';

describe('where it listens', () => {
  it.each([
    [undefined, { host: '127.0.0.1', port: 0 }],
    ['3143', { host: '127.0.0.1', port: 3143 }],
    ['0.0.0.0:3143', { host: '0.0.0.0', port: 3143 }],
    ['archive.example:80', { host: 'archive.example', port: 80 }],
    ['[::1]:3143', { host: '::1', port: 3143 }],
  ])('%s', (text, expected) => {
    expect(parseListen(text)).toEqual(expected);
  });

  it.each(['', ':', '127.0.0.1', '127.0.0.1:', '::1:3143', '1.2.3.4:65536', '1.2.3.4:-1', 'a b:80'])(
    '%j is nowhere',
    (text) => {
      expect(() => parseListen(text)).toThrow(/--listen: expected ADDRESS:PORT/);
    },
  );

  it.each([
    ['127.0.0.77:0', /^http:\/\/127\.0\.0\.77:\d+$/],
    ['[::1]:0', /^http:\/\/\[::1\]:\d+$/],
  ])('at %s alone, and on a port that is taken not at all', async (listen, expected) => {
    const folder = await temporaryFolder();
    const stop = new AbortController();
    const context = { ...contextIn(folder, join(folder, 'home')), signal: stop.signal };
    await fakeProgram('apt-config', ':');
    const serve = (where: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { listen: where, offline: true, onReady: resolve, onLine: () => undefined };
        serveSnapshots(context, options).catch(reject);
      });
    const url = await serve(listen);
    expect(url).toMatch(expected);
    const answer = await request(`${url}/debian/2026010101/dists/trixie/InRelease`);
    await answer.body.dump();
    expect(answer.statusCode).toBe(404);
    const { port } = new URL(url);
    await expect(request(`http://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
    await expect(serve(listen.replace(/0$/, port))).rejects.toThrow(`port ${port}`);
    stop.abort();
  });
});
