/** A mirror, an archive that takes snapshots of it, and a server, for each test of the local archive. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, beforeEach } from 'vitest';
import type { OriginRequest } from '../../../../src/snapshots/local/fetch-suite.js';
import { startArchiveServer, type ServedFile } from '../../../../src/snapshots/local/server.js';
import { takeSnapshot, type Taken } from '../../../../src/snapshots/local/take.js';
import { makeUpstream, type Upstream } from '../../../../src/snapshots/upstream.js';
import type { Snapshot } from '../../../../src/snapshots/local/snapshot.js';
import { snapshotKey, type Tag } from '../../../../src/snapshots/local/tag.js';
import { poolPath, startMirror, type Mirror, type MirrorPackage } from '../../../rig/mirror.js';
import { temporaryFolder } from '../../source/repository.js';

export const HELLO: MirrorPackage = { name: 'hello', version: '1.0', content: 'hello, world\n' };
export const NEWER: MirrorPackage = { name: 'hello', version: '1.1', content: 'hello again\n' };
export const { signal } = new AbortController();

export interface ArchiveRig {
  mirror: Mirror;
  archive: string;
  upstream: Upstream;
  take(change?: Partial<OriginRequest>): Promise<Taken>;
  serving(use: (served: Served) => Promise<void>, offline?: boolean): Promise<void>;
}

export interface Served {
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  readonly files: ServedFile[];
}

/** Call it once in a test file: each test then has a mirror and an archive of its own. */
export function archiveRig(): ArchiveRig {
  const rig = {} as ArchiveRig;
  beforeEach(async () => {
    const folder = await temporaryFolder();
    rig.mirror = await startMirror(join(folder, 'mirror'));
    await rig.mirror.publish({ packages: [HELLO] });
    rig.archive = join(folder, 'archive');
    rig.upstream = await makeUpstream(undefined);
  });
  afterEach(async () => {
    await rig.upstream[Symbol.asyncDispose]();
    await rig.mirror[Symbol.asyncDispose]();
  });
  rig.take = (change = {}) =>
    takeSnapshot({
      archive: rig.archive,
      origin: 'debian',
      url: rig.mirror.url,
      suites: [rig.mirror.suite],
      components: ['main'],
      architectures: ['amd64'],
      keyring: rig.mirror.keyring,
      upstream: rig.upstream,
      now: new Date('2026-01-02T03:04:05Z'),
      signal,
      progress: () => undefined,
      ...change,
    });
  rig.serving = async (use, offline = false) => {
    const files: ServedFile[] = [];
    await using server = await startArchiveServer({
      archive: rig.archive,
      upstream: offline ? undefined : rig.upstream,
      signal,
      onServed: (file) => files.push(file),
    });
    await use({ files, get: (path, headers = {}) => ask(`${server.url}${path}`, headers) });
  };
  return rig;
}

/** Not fetch(): it adds a Cache-Control that makes every condition fail. */
async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const answer = await request(url, { headers });
  const body = await answer.body.arrayBuffer();
  const plain = Object.entries(answer.headers).map(
    ([name, value]) => [name, String(value)] as [string, string],
  );
  return new Response(answer.statusCode === 304 ? null : body, { status: answer.statusCode, headers: plain });
}

export async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, 'files'), { recursive: true }).catch(() => []);
  return names.filter((name) => name.includes('/'));
}

export const sha = ({ content }: MirrorPackage): string => createHash('sha256').update(content).digest('hex');

/** A tag that keeps a snapshot and some of its packages. */
export function tagOf(snapshot: Snapshot, packages: readonly MirrorPackage[], tag = '1.0'): Tag {
  const { origin, serial } = snapshot;
  return {
    schema: 1,
    tag,
    project: 'example',
    commit: 'c'.repeat(40),
    createdAt: '2026-01-02T03:04:05.000Z',
    serials: { [origin]: { box: serial, image: serial } },
    snapshots: { [snapshotKey(origin, serial)]: snapshot },
    files: packages.map((entry) => ({
      origin,
      serial,
      path: poolPath(entry),
      sha256: sha(entry),
      bytes: entry.content.length,
    })),
    record: {},
  };
}
