/** What keeps a snapshot waits for an expiry that runs: that one has read the holds, and asked the checkouts, already. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownArchive } from '../../../src/build/archive/take-origin.js';
import { archiveFolder } from '../../../src/paths.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import { archiveParts, snapshotFile } from '../../../src/snapshots/local/layout.js';
import { addSnapshot } from '../../../src/snapshots/local/snapshot.js';
import { hold } from '../../../src/tasks/keep-snapshots.js';
import { serialProject } from '../../../src/tasks/snapshots.js';
import { setSerial, writeAll } from '../../../src/tasks/write-serials.js';
import { testProject } from '../build/plan/project.js';
import { failure } from '../source/repository.js';

const SERIAL = '2026020201';

/** A project whose archive has one snapshot, and an expiry that removes it. */
async function rig() {
  const project = await testProject();
  const said: string[] = [];
  const report = (event: MayflyEvent): void => {
    if (event.type === 'notice') said.push(event.text);
  };
  const context = { ...project.context, report };
  const archive = archiveFolder(context.home);
  const { snapshots: shelf, holds } = archiveParts(archive);
  await addSnapshot(shelf, {
    schema: 1,
    origin: 'debian',
    serial: SERIAL,
    takenAt: '2026-02-02T00:00:00Z',
    upstream: 'http://mirror.example/debian',
    components: ['main'],
    architectures: ['amd64'],
    suites: [],
  });
  const expiry = await ownArchive(context, 'removes what has expired');
  const expire = async (): Promise<void> => {
    await expect.poll(() => said.join('\n')).toContain('Waiting for the local archive');
    await rm(snapshotFile(shelf, 'debian', SERIAL));
    await expiry.release();
  };
  return { context, said, holds, expire, expiry };
}

it('a hold of what is removed meanwhile is refused', async () => {
  const { context, holds, expire } = await rig();
  const held = failure(hold(context, 'debian', SERIAL, 'a release'));
  await expire();
  expect(await held).toMatchObject({ code: 'snapshot.unknown' });
  expect(await readdir(join(holds, 'debian')).catch(() => [])).toEqual([]);
});

it('a serial that is set says that its snapshot is gone; thawing waits for nobody', async () => {
  const { context, said, expire, expiry } = await rig();
  const project = await serialProject(context);
  await writeAll(context, project, { debian: 'latest' }, ['image']);
  expect(said).toEqual([]);
  const set = setSerial(context, project, 'debian', SERIAL, ['image']);
  // A failure of the expectation must not leave it waiting.
  await expire().finally(() => expiry.release());
  await set;
  expect(said.at(-1)).toContain(`The local archive has no snapshot ${SERIAL} of debian`);
});
