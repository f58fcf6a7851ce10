/** A VM that was kept, as its record has it: for tests of what later commands make of it. */
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Box } from '../../../src/basebox/store.js';
import { openArchive } from '../../../src/build/archive/serve.js';
import { Journal } from '../../../src/build/record/journal.js';
import { findVm } from '../../../src/build/vm/commands.js';
import { obtainVm } from '../../../src/build/vm/obtain.js';
import { cachesFolder, vmsFolder } from '../../../src/paths.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import { makeVmFolder, writeVmRecord, type KnownVm, type VmRecord } from '../../../src/vm/registry.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { contextIn } from './plan/project.js';
import { PLAN } from './plan/plan-value.js';

/** It has a port and a process that is gone, unless `changes` say otherwise. */
export async function putKeptVm(changes: Partial<VmRecord> = {}) {
  const root = await temporaryFolder();
  const told: string[] = [];
  const report = (event: MayflyEvent): void => {
    if (event.type === 'notice') told.push(event.text);
  };
  const context = { ...contextIn(root, join(root, 'home')), report };
  const cache = join(cachesFolder(context.home), 'example-packages');
  await mkdir(cache, { recursive: true });
  const overlay = join(cache, `run-${RECORD.id}.qcow2`);
  await writeFile(overlay, '');
  const record: VmRecord = {
    ...{ ...RECORD, kept: true, port: 2222, process: RECORD.owner, checkout: PLAN.project.checkout },
    caches: { 'example-packages': { serial: 'mayfly-packages', path: overlay } },
    ...changes,
  };
  const folder = await makeVmFolder(vmsFolder(context.home), RECORD.id);
  await writeVmRecord(folder, record);
  /** @returns why it is not taken */
  const obtain = async (options: Partial<typeof PLAN.options>, existing?: KnownVm): Promise<unknown> => {
    using journal = new Journal(join(root, 'build'), report);
    const plan = { ...PLAN, options: { ...PLAN.options, ...options } };
    await using archive = await openArchive(context, plan.archive, true, journal.tell);
    return await failure(
      obtainVm({ context, journal, plan, archive, mayOutliveUs: true, ...(existing && { existing }) }),
    );
  };
  const known = (): Promise<KnownVm> => findVm(context, RECORD.id);
  const isThere = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  return { context, folder, record, overlay, told, obtain, known, isThere };
}

const SHA = '0'.repeat(64);

/** A base box, as far as the start of a VM from it looks. */
export async function putBox(boxes: string): Promise<Box> {
  const folder = join(boxes, RECORD.box);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'box.json'), JSON.stringify(BOX));
  return { folder, record: BOX };
}

const BOX: Box['record'] = {
  ...{ schema: 1, fingerprint: RECORD.box, label: 'example-amd64-trixie-20260102-1a2b3c4' },
  ...{ createdAt: '2026-01-02T03:04:05.000Z', seconds: 1, diskBytes: 2 ** 24, fileBytes: 1 },
  ...{ diskSha256: SHA, bootSha256: { kernel: SHA, initrd: SHA }, inputs: {}, packageCount: 1 },
};
