/** The archive as it is served, to real requests. */
import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileFetcher } from '../../../../src/snapshots/local/fetch-file.js';
import { SnapshotFinder } from '../../../../src/snapshots/local/find-file.js';
import { storedFile } from '../../../../src/snapshots/local/layout.js';
import { poolPath } from '../../../rig/mirror.js';
import { archiveRig, filesIn, HELLO, NEWER, sha, signal } from './rig.js';

const rig = archiveRig();

describe('serving a snapshot', () => {
  const base = '/debian/2026010201';

  it('fetches a package when it is first wanted, and never again, whatever snapshot names it', async () => {
    await rig.take();
    await rig.mirror.publish({ packages: [HELLO, { ...NEWER, name: 'other' }] });
    await rig.take();
    await rig.serving(async ({ get, files }) => {
      for (const serial of ['2026010201', '2026010202', '2026010201']) {
        expect(await (await get(`/debian/${serial}/${poolPath(HELLO)}`)).text()).toBe(HELLO.content);
      }
      expect(files.map(({ source }) => source)).toEqual(['fetched', 'stored', 'stored']);
      expect(files[0]).toMatchObject({
        origin: 'debian',
        serial: '2026010201',
        path: poolPath(HELLO),
        sha256: createHash('sha256').update(HELLO.content).digest('hex'),
        bytes: HELLO.content.length,
      });
    });
    expect(rig.mirror.requests.filter((path) => path === poolPath(HELLO))).toHaveLength(1);
  });

  it('gives the old state after the mirror has moved on', async () => {
    await rig.take();
    await rig.serving(async ({ get }) => {
      await get(`${base}/${poolPath(HELLO)}`);
      await rig.mirror.publish({ packages: [NEWER] }, true);
      expect(await (await get(`${base}/${poolPath(HELLO)}`)).text()).toBe(HELLO.content);
      expect((await get(`${base}/${poolPath(NEWER)}`)).status).toBe(404);
      const release = await (await get(`${base}/dists/trixie/InRelease`)).text();
      expect(release).toContain('BEGIN PGP SIGNATURE');
    });
  });

  it('many who want one file at once cause one request', async () => {
    await rig.take();
    await rig.serving(async ({ get }) => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => get(`${base}/${poolPath(HELLO)}`)));
      for (const answer of answers) expect(await answer.text()).toBe(HELLO.content);
    });
    expect(rig.mirror.requests.filter((path) => path === poolPath(HELLO))).toHaveLength(1);
  });

  it('knows ranges and conditions', async () => {
    await rig.take();
    await rig.serving(async ({ get }) => {
      const whole = await get(`${base}/${poolPath(HELLO)}`);
      const part = await get(`${base}/${poolPath(HELLO)}`, { range: 'bytes=7-11' });
      expect([part.status, await part.text()]).toEqual([206, 'world']);
      const again = await get(`${base}/${poolPath(HELLO)}`, {
        'if-none-match': whole.headers.get('etag') ?? '',
      });
      expect(again.status).toBe(304);
      const release = await get(`${base}/dists/trixie/InRelease`);
      const since = release.headers.get('last-modified') ?? '';
      const unchanged = await get(`${base}/dists/trixie/InRelease`, { 'if-modified-since': since });
      expect(unchanged.status).toBe(304);
    });
  });

  it('takes no other date for its own: where states go back in time, a newer copy is not this file', async () => {
    await rig.take();
    await rig.serving(async ({ get }) => {
      const path = `${base}/dists/trixie/InRelease`;
      const whole = await (await get(path)).text();
      const date = (await get(path)).headers.get('last-modified') ?? '';
      const later = new Date(Date.parse(date) + 86_400_000).toUTCString();
      const asked = async (headers: Readonly<Record<string, string>>) => (await get(path, headers)).status;
      expect(await asked({ 'If-Modified-Since': date })).toBe(304);
      expect(await asked({ 'If-Modified-Since': later })).toBe(200);
      expect(await asked({ Range: 'bytes=0-0', 'If-Range': date })).toBe(206);
      const other = await get(path, { Range: 'bytes=0-0', 'If-Range': later });
      expect([other.status, await other.text()]).toEqual([200, whole]);
      const file = `${base}/${poolPath(HELLO)}`;
      const stored = (await get(file)).headers.get('last-modified') ?? '';
      expect((await get(file, { Range: 'bytes=7-11', 'If-Range': stored })).status).toBe(206);
    });
  });

  it('has indexes by name and by hash, and the newest serial in a trace file', async () => {
    const { snapshot } = await rig.take();
    const sha256 = snapshot.suites[0]?.indexes['main/binary-amd64/Packages.xz']?.sha256 ?? '';
    await rig.serving(async ({ get }) => {
      const folder = `${base}/dists/trixie/main/binary-amd64`;
      const named = await (await get(`${folder}/Packages.xz`)).arrayBuffer();
      const hashed = await (await get(`${folder}/by-hash/SHA256/${sha256}`)).arrayBuffer();
      expect(Buffer.from(named).equals(Buffer.from(hashed))).toBe(true);
      // Published, but not kept by the snapshot: fetched while the mirror still has it.
      expect(await (await get(`${folder}/Packages`)).text()).toContain('Package: hello');
      expect(await (await get('/debian/project/trace/debian')).text()).toBe('Archive serial: 2026010201\n');
    });
  });

  it('never serves a package that is not the signed one', async () => {
    await rig.take();
    rig.mirror.spoiled.set(poolPath(HELLO), Buffer.from('hello, w0rld\n'));
    await rig.serving(async ({ get, files }) => {
      const answer = await get(`${base}/${poolPath(HELLO)}`);
      expect(answer.status).toBe(502);
      expect(await answer.text()).toContain('is not the file that the archive signed');
      expect(files).toEqual([]);
    });
    expect((await filesIn(rig.archive)).some((name) => name.endsWith(sha(HELLO)))).toBe(false);
  });

  it.each([
    ['/debian/2026010299/pool/x.deb', 404],
    ['/debian/2026010201/pool/x.deb', 404],
    ['/debian/2026010201/dists/sid/InRelease', 404],
    ['/nobody/project/trace/nobody', 404],
    ['/1.0/debian/pool/x.deb', 404],
    ['/', 404],
  ])('%s is %d', async (path, status) => {
    await rig.take();
    await rig.serving(async ({ get }) => {
      expect((await get(path)).status).toBe(status);
    });
  });

  it('offline, has what is stored and says what is not', async () => {
    await rig.take();
    await rig.serving(async ({ get }) => {
      expect((await get(`${base}/dists/trixie/InRelease`)).status).toBe(200);
      const answer = await get(`${base}/${poolPath(HELLO)}`);
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('offline')]);
    }, true);
  });

  it('stores files that nobody may write to', async () => {
    await rig.take();
    await rig.serving(async ({ get }) => {
      await get(`${base}/${poolPath(HELLO)}`);
    });
    const file = storedFile(rig.archive, sha(HELLO));
    expect((await stat(file)).mode & 0o777).toBe(0o444);
    expect(await readdir(join(rig.archive, 'incoming'))).toEqual([]);
    // Shorter than it was: it is fetched again.
    await chmod(file, 0o644);
    await writeFile(file, '');
    await rig.serving(async ({ get }) => {
      expect(await (await get(`${base}/${poolPath(HELLO)}`)).text()).toBe(HELLO.content);
    });
    expect(await readFile(file, 'utf8')).toBe(HELLO.content);
  });
});

describe('what comes from upstream is counted as it comes', () => {
  const bring = async (): Promise<readonly number[]> => {
    const { snapshot } = await rig.take();
    const finder = new SnapshotFinder(rig.archive, snapshot, signal);
    const file = await finder.find(poolPath(HELLO));
    if (file === undefined) throw new Error('it is there');
    const counted: number[] = [];
    const fetcher = new FileFetcher(rig.archive, rig.upstream, signal, (bytes) => counted.push(bytes));
    await fetcher.ensure(file).catch(() => undefined);
    await fetcher.ensure(file).catch(() => undefined);
    return counted;
  };
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

  it('once', async () => {
    expect(sum(await bring())).toBe(HELLO.content.length);
  });

  it('and not when it was in vain', async () => {
    rig.mirror.spoiled.set(poolPath(HELLO), Buffer.from('hello, w0rld\n'));
    const counted = await bring();
    expect(Math.max(...counted)).toBeGreaterThan(0);
    expect(sum(counted)).toBe(0);
  });
});
