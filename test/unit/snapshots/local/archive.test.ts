/** The local archive against a real mirror: taken, served, and what goes wrong. */
import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storedFile } from '../../../../src/snapshots/local/layout.js';
import { startArchiveServer, type ServedFile } from '../../../../src/snapshots/local/server.js';
import { listSerials } from '../../../../src/snapshots/local/snapshot.js';
import { takeSnapshot, type Taken } from '../../../../src/snapshots/local/take.js';
import { makeUpstream, type Upstream } from '../../../../src/snapshots/upstream.js';
import { poolPath, startMirror, type Mirror, type MirrorPackage } from '../../../rig/mirror.js';
import { failure, temporaryFolder } from '../../source/repository.js';

const HELLO: MirrorPackage = { name: 'hello', version: '1.0', content: 'hello, world\n' };
const NEWER: MirrorPackage = { name: 'hello', version: '1.1', content: 'hello again\n' };
const { signal } = new AbortController();

let mirror: Mirror;
let archive: string;
let upstream: Upstream;

beforeEach(async () => {
  const folder = await temporaryFolder();
  mirror = await startMirror(join(folder, 'mirror'));
  await mirror.publish({ packages: [HELLO] });
  archive = join(folder, 'archive');
  upstream = await makeUpstream(undefined);
});

afterEach(async () => {
  await upstream[Symbol.asyncDispose]();
  await mirror[Symbol.asyncDispose]();
});

const take = (change: Partial<Parameters<typeof takeSnapshot>[0]> = {}): Promise<Taken> =>
  takeSnapshot({
    archive,
    origin: 'debian',
    url: mirror.url,
    suites: [mirror.suite],
    components: ['main'],
    architectures: ['amd64'],
    keyring: mirror.keyring,
    upstream,
    now: new Date('2026-01-02T03:04:05Z'),
    signal,
    progress: () => undefined,
    ...change,
  });

/** Not fetch(): it adds a Cache-Control that makes every condition fail. */
async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const answer = await request(url, { headers });
  const body = await answer.body.arrayBuffer();
  const plain = Object.entries(answer.headers).map(
    ([name, value]) => [name, String(value)] as [string, string],
  );
  return new Response(answer.statusCode === 304 ? null : body, { status: answer.statusCode, headers: plain });
}

interface Served {
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  readonly files: ServedFile[];
}

async function serving(use: (served: Served) => Promise<void>, offline = false): Promise<void> {
  const files: ServedFile[] = [];
  await using server = await startArchiveServer({
    archive,
    upstream: offline ? undefined : upstream,
    signal,
    onServed: (file) => files.push(file),
  });
  await use({ files, get: (path, headers = {}) => ask(`${server.url}${path}`, headers) });
}

describe('taking a snapshot', () => {
  it('keeps what was published as it was published, and no package yet', async () => {
    const { snapshot, isNew } = await take();
    expect(isNew).toBe(true);
    expect(snapshot).toMatchObject({ serial: '2026010201', upstream: mirror.url, components: ['main'] });
    const [suite] = snapshot.suites;
    expect(Object.keys(suite?.indexes ?? {})).toEqual(['main/binary-amd64/Packages.xz']);
    expect(suite?.signers).toHaveLength(1);
    expect(mirror.requests.filter((path) => path.startsWith('pool'))).toEqual([]);
  });

  it('of the same state is the same snapshot, and of another one a new one', async () => {
    await take();
    mirror.requests.length = 0;
    expect(await take()).toMatchObject({ isNew: false, snapshot: { serial: '2026010201' } });
    expect(mirror.requests).toEqual(['dists/trixie/InRelease']);
    await mirror.publish({ packages: [NEWER] });
    expect(await take()).toMatchObject({ isNew: true, snapshot: { serial: '2026010202' } });
    expect(await listSerials(archive, 'debian')).toEqual(['2026010201', '2026010202']);
  });

  it('of a mirror without by-hash works too', async () => {
    await mirror.publish({ packages: [HELLO], byHash: false });
    await take();
    expect(mirror.requests).toContain('dists/trixie/main/binary-amd64/Packages.xz');
  });

  it('refuses what is signed by another key', async () => {
    const other = await startMirror(join(await temporaryFolder(), 'other'));
    await other[Symbol.asyncDispose]();
    expect(await failure(take({ keyring: other.keyring }))).toMatchObject({ code: 'archive.bad-signature' });
    expect(await listSerials(archive, 'debian')).toEqual([]);
  });

  it('refuses what was changed after it was signed', async () => {
    const text = await (await fetch(`${mirror.url}/dists/trixie/InRelease`)).text();
    mirror.spoiled.set('dists/trixie/InRelease', Buffer.from(text.replace('Origin: Test', 'Origin: Evil')));
    expect(await failure(take())).toMatchObject({ code: 'archive.bad-signature' });
  });

  it('does not believe what stands beside the signed text', async () => {
    const text = await (await fetch(`${mirror.url}/dists/trixie/InRelease`)).text();
    const line = `SHA256:\n ${'b'.repeat(64)} 1 main/binary-amd64/Packages.xz\n\n`;
    mirror.spoiled.set('dists/trixie/InRelease', Buffer.from(`Date: x\n${line}${text}`));
    const outcome = await take().then(
      ({ snapshot }) => snapshot.suites[0]?.indexes['main/binary-amd64/Packages.xz']?.sha256,
      () => undefined,
    );
    expect(outcome).not.toBe('b'.repeat(64));
  });

  it('refuses an index that is not the signed one, after another try', async () => {
    for (const path of [...(await indexPaths())]) mirror.spoiled.set(path, Buffer.from('something else'));
    const error = await failure(take());
    expect(error).toMatchObject({ code: 'archive.wrong-file' });
    expect(mirror.requests.filter((path) => path.endsWith('InRelease'))).toHaveLength(3);
    expect(await filesIn(archive)).toEqual([]);
  });

  it('refuses another suite than it asked for', async () => {
    await mirror.publish({ packages: [HELLO], release: { Codename: 'sid', Suite: 'unstable' } });
    expect(await failure(take())).toMatchObject({ code: 'archive.other-suite' });
  });

  it('says that the mirror is out of reach', async () => {
    await mirror[Symbol.asyncDispose]();
    expect(await failure(take())).toMatchObject({ code: 'archive.unreachable' });
    mirror = await startMirror(join(await temporaryFolder(), 'mirror'));
  });
});

async function indexPaths(): Promise<readonly string[]> {
  const { snapshot } = await take({ archive: join(archive, '..', 'other') });
  const sha256 = snapshot.suites[0]?.indexes['main/binary-amd64/Packages.xz']?.sha256 ?? '';
  mirror.requests.length = 0;
  return [`dists/trixie/main/binary-amd64/by-hash/SHA256/${sha256}`];
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, 'files'), { recursive: true }).catch(() => []);
  return names.filter((name) => name.includes('/'));
}

describe('serving a snapshot', () => {
  const base = '/debian/2026010201';

  it('fetches a package when it is first wanted, and never again, whatever snapshot names it', async () => {
    await take();
    await mirror.publish({ packages: [HELLO, { ...NEWER, name: 'other' }] });
    await take();
    await serving(async ({ get, files }) => {
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
    expect(mirror.requests.filter((path) => path === poolPath(HELLO))).toHaveLength(1);
  });

  it('gives the old state after the mirror has moved on', async () => {
    await take();
    await serving(async ({ get }) => {
      await get(`${base}/${poolPath(HELLO)}`);
      await mirror.publish({ packages: [NEWER] }, true);
      expect(await (await get(`${base}/${poolPath(HELLO)}`)).text()).toBe(HELLO.content);
      expect((await get(`${base}/${poolPath(NEWER)}`)).status).toBe(404);
      const release = await (await get(`${base}/dists/trixie/InRelease`)).text();
      expect(release).toContain('BEGIN PGP SIGNATURE');
    });
  });

  it('many who want one file at once cause one request', async () => {
    await take();
    await serving(async ({ get }) => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => get(`${base}/${poolPath(HELLO)}`)));
      for (const answer of answers) expect(await answer.text()).toBe(HELLO.content);
    });
    expect(mirror.requests.filter((path) => path === poolPath(HELLO))).toHaveLength(1);
  });

  it('knows ranges and conditions', async () => {
    await take();
    await serving(async ({ get }) => {
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

  it('has indexes by name and by hash, and the newest serial in a trace file', async () => {
    const { snapshot } = await take();
    const sha256 = snapshot.suites[0]?.indexes['main/binary-amd64/Packages.xz']?.sha256 ?? '';
    await serving(async ({ get }) => {
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
    await take();
    mirror.spoiled.set(poolPath(HELLO), Buffer.from('hello, w0rld\n'));
    await serving(async ({ get, files }) => {
      const answer = await get(`${base}/${poolPath(HELLO)}`);
      expect(answer.status).toBe(502);
      expect(await answer.text()).toContain('is not the file that the archive signed');
      expect(files).toEqual([]);
    });
    expect((await filesIn(archive)).some((name) => name.endsWith(sha(HELLO)))).toBe(false);
  });

  it.each([
    ['/debian/2026010299/pool/x.deb', 404],
    ['/debian/2026010201/pool/x.deb', 404],
    ['/debian/2026010201/dists/sid/InRelease', 404],
    ['/nobody/project/trace/nobody', 404],
    ['/1.0/debian/pool/x.deb', 404],
    ['/', 404],
  ])('%s is %d', async (path, status) => {
    await take();
    await serving(async ({ get }) => {
      expect((await get(path)).status).toBe(status);
    });
  });

  it('offline, has what is stored and says what is not', async () => {
    await take();
    await serving(async ({ get }) => {
      expect((await get(`${base}/dists/trixie/InRelease`)).status).toBe(200);
      const answer = await get(`${base}/${poolPath(HELLO)}`);
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('offline')]);
    }, true);
  });

  it('stores files that nobody may write to', async () => {
    await take();
    await serving(async ({ get }) => {
      await get(`${base}/${poolPath(HELLO)}`);
    });
    const file = storedFile(archive, sha(HELLO));
    expect((await stat(file)).mode & 0o777).toBe(0o444);
    expect(await readdir(join(archive, 'incoming'))).toEqual([]);
    // Shorter than it was: it is fetched again.
    await chmod(file, 0o644);
    await writeFile(file, '');
    await serving(async ({ get }) => {
      expect(await (await get(`${base}/${poolPath(HELLO)}`)).text()).toBe(HELLO.content);
    });
    expect(await readFile(file, 'utf8')).toBe(HELLO.content);
  });
});

const sha = ({ content }: MirrorPackage): string => createHash('sha256').update(content).digest('hex');
