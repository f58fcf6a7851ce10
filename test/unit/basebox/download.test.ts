/** Boxes that are fetched over HTTP, from a server that breaks off, and from one whose file changes meanwhile. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../../src/basebox/recipe.js';
import { importBox } from '../../../src/build/box/import.js';
import { publishBox } from '../../../src/build/box/publish.js';
import { setEnvironment } from '../../rig/fake-programs.js';
import { contextIn } from '../build/plan/project.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { madeBox } from './made-box.js';
import { exported } from './parcel.js';

/** What a server does beside serving files. */
interface Habits {
  /** It names the state of a file. Default true. */
  readonly etag?: boolean;
  /** It serves parts of a file. Default true. */
  readonly ranges?: boolean;
  /** How often it breaks off in the middle of a box. */
  readonly breaks: number;
  /** What the box is once the first of it was sent. */
  readonly then?: (content: Buffer) => Buffer;
}

/** Serves a published box. */
async function server(habits: Habits) {
  const { etag = true, ranges = true, then = (content: Buffer) => content } = habits;
  const folder = await temporaryFolder();
  const requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  const files = new Map<string, Buffer>();
  let breaks = habits.breaks;
  const http = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    requests.push({ path, headers: request.headers });
    const content = files.get(path);
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const state = `"${sha256(content.toString('latin1')).slice(0, 16)}"`;
    const wanted = request.headers['if-match'];
    if (etag && wanted !== undefined && wanted !== state) {
      response.writeHead(412).end();
      return;
    }
    const from = ranges ? Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    const whole = content.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': whole.length,
      ...(etag ? { etag: state } : {}),
      ...(from > 0 ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {}),
    });
    if (!path.endsWith('.box') || breaks === 0) {
      response.end(whole);
      return;
    }
    breaks -= 1;
    files.set(path, then(content));
    response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => {
      // Long enough for the first half to arrive.
      setTimeout(() => response.destroy(), 50);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  setEnvironment({ http_proxy: undefined, no_proxy: '127.0.0.1' });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const made = await madeBox();
  const to = join(folder, 'published');
  const home = join(folder, 'home');
  const context = contextIn(folder, home, { MAYFLY_TMPDIR: folder, no_proxy: '127.0.0.1' });
  const { catalogue } = await publishBox(context, { box: made, to, baseUrl: url });
  for (const name of await readdir(to)) files.set(name, await readFile(join(to, name)));
  files.set('plain.box', await readFile(await exported(made)));
  const bring = (name = catalogue) =>
    importBox(context, {
      from: `${url}/${name}`,
      version: undefined,
      diskSha256: undefined,
      identity: undefined,
    });
  const stored = () => readdir(join(home, 'data/boxes')).catch(() => []);
  const parts = () => requests.filter(({ path }) => path.endsWith('.box'));
  return { bring, made, stored, parts };
}

/** Another content of the same size, which is whole in itself. */
const reversed = (content: Buffer): Buffer => Buffer.from(content).reverse();

describe('a box over HTTP', () => {
  it('comes as its catalogue says', async () => {
    const { bring, made, parts } = await server({ breaks: 0 });
    const { box, reused } = await bring();
    expect([box.record.diskSha256, reused]).toEqual([made.record.diskSha256, false]);
    expect(parts()).toHaveLength(1);
  });

  it.each([
    ['and names the state of the file', true],
    ['and names no state of the file', false],
  ])('goes on where a server broke off, twice, %s', async (_, etag) => {
    const { bring, made, parts } = await server({ breaks: 2, etag });
    const { box } = await bring();
    expect(box.record.diskSha256).toBe(made.record.diskSha256);
    const froms = parts().map(({ headers }) => Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0));
    expect(froms[0]).toBe(0);
    expect(froms[1]).toBeGreaterThan(0);
    expect(froms[2]).toBeGreaterThan(froms[1] ?? 0);
    expect(froms).toHaveLength(3);
  });

  it('that changed on the server meanwhile is told of, and nothing of it is stored', async () => {
    const { bring, stored, parts } = await server({ breaks: 1, then: reversed });
    const error = await failure(bring());
    expect(error).toMatchObject({ kind: 'host', code: 'import.unreachable' });
    expect(error.details.join()).toContain('changed on the server while it was fetched');
    expect(parts()[1]?.headers['if-match']).toMatch(/^"/);
    expect(await stored()).toEqual([]);
  });

  it.each([
    ['by its catalogue', undefined, /^box\.wrong-file$/],
    ['by what it says of itself', 'plain.box', /^box\.(malformed|other-content)$/],
  ])('that changed meanwhile is refused %s where the server does not say so', async (_, name, code) => {
    const { bring, stored, parts } = await server({ breaks: 1, etag: false, then: reversed });
    const error = await failure(name === undefined ? bring() : bring(name));
    expect(error.code).toMatch(code);
    expect(parts()[1]?.headers.range).toMatch(/^bytes=/);
    expect(await stored()).toEqual([]);
  });

  it.each<[string, Habits, string]>([
    ['breaks off again and again', { breaks: 9 }, 'other side closed'],
    ['serves no parts', { breaks: 1, ranges: false }, 'does not support the range header'],
  ])('is not had from a server that %s', async (_, habits, why) => {
    const { bring, stored } = await server(habits);
    const error = await failure(bring());
    expect(error).toMatchObject({ kind: 'host', code: 'import.unreachable' });
    expect(error.message).toMatch(/^The base box could not be fetched/);
    expect(error.details.join()).toContain(why);
    expect(await stored()).toEqual([]);
  });

  it('that is not there is told by its address', async () => {
    const { bring } = await server({ breaks: 0 });
    const error = await failure(bring('nowhere.json'));
    expect(error).toMatchObject({ kind: 'host', code: 'import.not-found' });
    expect(error.message).toContain('nowhere.json');
  });
});
