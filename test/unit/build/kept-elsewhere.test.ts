/** A VM that was kept on another host, which shares mayfly's folders with this one. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openArchive } from '../../../src/build/archive/serve.js';
import { Journal } from '../../../src/build/record/journal.js';
import { findVm, vmDestroy, vmHalt, withVm } from '../../../src/build/vm/commands.js';
import { findKeptVm } from '../../../src/build/vm/kept.js';
import { obtainVm } from '../../../src/build/vm/obtain.js';
import { stateWords } from '../../../src/cli/vm.js';
import { vmsFolder } from '../../../src/paths.js';
import { quoteCommand } from '../../../src/process/command-error.js';
import { makeVmFolder, writeVmRecord, type VmRecord } from '../../../src/vm/registry.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { contextIn } from './plan/project.js';
import { PLAN } from './plan/plan-value.js';

const DESK = { ...RECORD.owner, machine: 'another', hostName: 'desk' };

async function host() {
  const root = await temporaryFolder();
  const context = contextIn(root, join(root, 'home'));
  const put = async (record: Partial<VmRecord>): Promise<string> => {
    const whole = { ...RECORD, kept: true, port: 2222, checkout: PLAN.project.checkout, ...record };
    const folder = await makeVmFolder(vmsFolder(context.home), whole.id);
    await writeVmRecord(folder, whole);
    return folder;
  };
  return { root, context, put };
}

it('is said to be there, and is neither used nor ended from here', async () => {
  const { context, put } = await host();
  const folder = await put({ owner: DESK });
  const record = await readFile(join(folder, 'vm.json'), 'utf8');
  const known = await findVm(context, RECORD.id);
  expect(stateWords(known)).toBe('on the host desk');
  for (const refused of [
    withVm(context, known, () => Promise.reject(new Error('must not be used'))),
    vmHalt(context, known),
    vmDestroy(context, known),
  ]) {
    expect(await failure(refused)).toMatchObject({
      kind: 'refused',
      code: 'vm.elsewhere',
      message: `The VM ${RECORD.id} is on the host desk, and can be used, started and ended there only.`,
      hint: expect.stringContaining(quoteCommand(['rm', '-r', folder])) as unknown,
    });
  }
  expect(await readFile(join(folder, 'vm.json'), 'utf8')).toBe(record);
});

it.each([false, true])(
  'is neither taken nor replaced by a build (--force-cleanup: %j)',
  async (forceCleanup) => {
    const { root, context, put } = await host();
    const folder = await put({ owner: DESK });
    using journal = new Journal(join(root, 'build'), () => undefined);
    const plan = { ...PLAN, options: { ...PLAN.options, forceCleanup } };
    await using archive = await openArchive(context, plan.archive, true, journal.tell);
    const taken = obtainVm({ context, journal, plan, archive, mayOutliveUs: false });
    expect(await failure(taken)).toMatchObject({ code: 'vm.elsewhere' });
    expect(await readdir(vmsFolder(context.home))).toEqual([RECORD.id]);
    expect(await readdir(folder)).toContain('vm.json');
  },
);

it('counts for nothing beside one of this host, nor when it is not kept', async () => {
  const { context, put } = await host();
  const { checkout } = PLAN.project;
  await put({ owner: DESK, kept: false, id: 'a' });
  expect(await findKeptVm(context, checkout)).toBeUndefined();
  await put({ owner: DESK, id: 'b' });
  expect(await findKeptVm(context, checkout)).toMatchObject({ state: 'elsewhere', record: { id: 'b' } });
  await put({ id: 'c', port: undefined, createdAt: '2026-02-02T00:00:00.000Z' });
  expect(await findKeptVm(context, checkout)).toMatchObject({ state: 'halted', record: { id: 'c' } });
});

it('that does not say its name is on another host', async () => {
  const { context, put } = await host();
  await put({ owner: { ...DESK, hostName: undefined } });
  expect(stateWords(await findVm(context, RECORD.id))).toBe('on another host');
});
