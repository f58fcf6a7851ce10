/** The server of a team, beside an archive that expires. */
import { cp, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { expect, it } from 'vitest';
import { ownArchive, useArchive } from '../../../src/build/archive/take-origin.js';
import { archiveFolder } from '../../../src/paths.js';
import { exportTag } from '../../../src/snapshots/local/bundle.js';
import { archiveParts, snapshotFile } from '../../../src/snapshots/local/layout.js';
import { addTag } from '../../../src/snapshots/local/tag.js';
import { importSnapshots, expireSnapshots } from '../../../src/tasks/keep-snapshots.js';
import { serveSnapshots } from '../../../src/tasks/serve-snapshots.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { contextIn } from '../build/plan/project.js';
import { archiveRig, tagOf } from '../snapshots/local/rig.js';
import { temporaryFolder } from '../source/repository.js';

const rig = archiveRig();

it('what is asked for is marked as used, and expiry does not wait for the server', async () => {
  await fakeProgram('apt-config', ':');
  const { snapshot } = await rig.take();
  const folder = await temporaryFolder();
  const stop = new AbortController();
  const context = { ...contextIn(folder, join(folder, 'home')), signal: stop.signal };
  await cp(rig.archive, archiveFolder(context.home), { recursive: true });
  const { snapshots } = archiveParts(archiveFolder(context.home));
  const file = snapshotFile(snapshots, 'debian', snapshot.serial);
  await utimes(file, new Date(0), new Date(0));
  const url = await new Promise<string>((resolve, reject) => {
    const options = { listen: undefined, offline: true, onReady: resolve, onLine: () => undefined };
    serveSnapshots(context, options).catch(reject);
  });
  const answer = await request(`${url}/debian/${snapshot.serial}/dists/trixie/InRelease`);
  await answer.body.dump();
  expect(answer.statusCode).toBe(200);
  expect((await stat(file)).mtimeMs).toBeGreaterThan(Date.now() - 3600 * 1000);
  expect((await expireSnapshots(context, { days: 0, dryRun: false })).snapshots).toEqual([]);
  stop.abort();
});

it('a bundle is imported while a build uses the archive; expiry says that it waits', async () => {
  const { snapshot } = await rig.take();
  const folder = await temporaryFolder();
  const said: string[] = [];
  const context = {
    ...contextIn(folder, join(folder, 'home')),
    report: (event: { readonly type: string; readonly text?: string }) => void said.push(event.text ?? ''),
  };
  const bundle = join(folder, '1.0.bundle');
  const tag = tagOf(snapshot, []);
  await addTag(rig.archive, tag);
  await exportTag(rig.archive, tag, bundle, context.signal);
  await using build = await useArchive(context);
  expect(await importSnapshots(context, bundle, { keyring: rig.mirror.keyring })).toMatchObject({
    isNew: true,
  });
  expect(said).toEqual([]);
  const expiry = ownArchive(context, 'removes');
  await expect
    .poll(() => said)
    .toEqual(['Waiting until no build, and no other command, uses the local archive.']);
  await build.release();
  await (await expiry).release();
});
