/** The archive in a rough world: processes that take at once, and that are killed in the middle. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { archiveParts } from '../../../../src/snapshots/local/layout.js';
import { listSerials, readSnapshot } from '../../../../src/snapshots/local/snapshot.js';
import { verifyArchive } from '../../../../src/snapshots/local/verify.js';
import { eventually } from '../../../rig/eventually.js';
import { sourceUrl, startNode } from '../../../rig/node-child.js';
import { poolPath } from '../../../rig/mirror.js';
import { archiveRig, HELLO, signal } from './rig.js';

const rig = archiveRig();

/** Another process: takes, and fetches packages by serving itself, again and again. */
const worker = (): string => `
  const { takeSnapshot } = await import(${JSON.stringify(sourceUrl('snapshots/local/take.ts'))});
  const { makeUpstream } = await import(${JSON.stringify(sourceUrl('snapshots/upstream.ts'))});
  const { FileFetcher } = await import(${JSON.stringify(sourceUrl('snapshots/local/fetch-file.ts'))});
  const { SnapshotFinder } = await import(${JSON.stringify(sourceUrl('snapshots/local/find-file.ts'))});
  const [archive, url, keyring, ...paths] = process.argv.slice(1).filter((word) => word !== '--');
  const { signal } = new AbortController();
  const upstream = await makeUpstream(undefined);
  console.log('begun');
  for (;;) {
    const { snapshot } = await takeSnapshot({
      archive, origin: 'debian', url, suites: ['trixie'], components: ['main'], architectures: ['amd64'],
      keyring, upstream, now: new Date(), signal, progress: () => undefined,
    }).catch((error) => {
      if (error.code === 'snapshot.taken') return {};
      throw error;
    });
    if (snapshot === undefined) continue;
    const finder = new SnapshotFinder(archive, snapshot, signal);
    for (const path of paths) await new FileFetcher(archive, upstream, signal).ensure(await finder.find(path));
  }
`;

const PACKAGES = Array.from({ length: 12 }, (_, index) => ({
  ...HELLO,
  name: `package${index}`,
  content: `${index} `.repeat(60_000),
}));

describe('an archive whose processes are killed', () => {
  it('holds whole files and whole snapshots only', async () => {
    await rig.mirror.publish({ packages: PACKAGES });
    const args = [rig.archive, rig.mirror.url, rig.mirror.keyring, ...PACKAGES.map(poolPath)];
    const verify = () =>
      verifyArchive({ archive: rig.archive, upstream: undefined, signal, progress: () => undefined });
    const storedSome = () =>
      eventually('something is stored', async () => (await verify()).files > 2, 60_000);
    // At moments that nobody chose; and when there is something to lose, however busy the machine is.
    for (const moment of [() => sleep(0), () => sleep(60), () => sleep(150), () => sleep(300), storedSome]) {
      const children = [startNode(worker(), args), startNode(worker(), args)];
      await Promise.all(children.map(({ firstLine }) => firstLine));
      await moment();
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map(({ ended }) => ended));
    }
    const { files, damage } = await verify();
    expect(damage).toEqual([]);
    expect(files).toBeGreaterThan(2);

    const { snapshots } = archiveParts(rig.archive);
    const serials = await listSerials(snapshots, 'debian');
    expect(serials.length).toBeGreaterThan(0);
    for (const serial of serials) await readSnapshot(snapshots, 'debian', serial);
    const names = await readdir(join(snapshots, 'debian'));
    // A name of a moment may be left; nothing reads it.
    expect(names.filter((name) => !name.endsWith('.json') && !name.endsWith('.new'))).toEqual([]);
  });
});
