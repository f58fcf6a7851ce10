/** A VM that was kept, and is gone without being halted: nobody builds in it, nor in what it left in the caches. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { adoptBuilderVm } from '../../../src/build/vm/adopt.js';
import { holdVm } from '../../../src/build/vm/builder-vm.js';
import { findVm, vmDestroy, vmHalt, withVm } from '../../../src/build/vm/commands.js';
import { stateWords } from '../../../src/cli/vm.js';
import { boxesFolder, vmsFolder } from '../../../src/paths.js';
import { listVms, writeVmRecord } from '../../../src/vm/registry.js';
import { eventually } from '../../rig/eventually.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { putBox, putKeptVm } from './kept-vm.js';

it('is said to have crashed; no command works in it', async () => {
  const { context, folder, obtain } = await putKeptVm();
  const record = await readFile(join(folder, 'vm.json'), 'utf8');
  const known = await findVm(context, RECORD.id);
  expect(stateWords(known)).toBe('crashed');
  const refusals = [
    await obtain({}),
    await failure(withVm(context, known, () => Promise.reject(new Error('must not be used')))),
    await failure(vmHalt(context, known)),
  ];
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({
      kind: 'refused',
      code: 'vm.crashed',
      message: `The VM ${RECORD.id} ended without being halted: its disk may be damaged.`,
      hint: expect.stringMatching(/mayfly vm destroy.*--force-cleanup/) as unknown,
    });
  }
  expect(await readFile(join(folder, 'vm.json'), 'utf8')).toBe(record);
});

it('is destroyed without a start; what it added to its caches is dropped, and that is told', async () => {
  const { context, overlay, told, isThere } = await putKeptVm({ cachesClean: true });
  await vmDestroy(context, await findVm(context, RECORD.id));
  expect(told).toEqual([
    `What the VM ${RECORD.id} fetched is not kept in its caches: it ended without being halted.`,
  ]);
  expect(await isThere(overlay)).toBe(false);
  expect(await listVms(vmsFolder(context.home))).toEqual([]);
});

it('makes way for a new one: --force-cleanup', async () => {
  const { overlay, folder, told, obtain, isThere } = await putKeptVm();
  await obtain({ forceCleanup: true });
  expect(told.join()).toContain('it ended without being halted.');
  expect([await isThere(overlay), await isThere(folder)]).toEqual([false, false]);
});

const halted = { port: undefined, process: undefined };

it.each([
  ['halted', 'QEMU did not start', 'exit 1', 'vm.qemu-failed'],
  ['crashed', 'what starts it is killed', 'echo $$ > pid; sleep 60', 'interrupted'],
] as const)('a halted VM that is to start again is %s when %s', async (state, _what, qemu, code) => {
  const { context, folder, isThere } = await putKeptVm(halted);
  await putBox(boxesFolder(context.home));
  for (const disk of ['overlay.qcow2', 'artifacts.raw']) await writeFile(join(folder, disk), '');
  await fakeProgram('qemu-system-x86_64', qemu);
  const abort = new AbortController();
  const known = await findVm(context, RECORD.id);
  expect(known.state).toBe('halted');
  const held = await holdVm(context, RECORD.id);
  const starting = failure(adoptBuilderVm({ ...context, signal: abort.signal }, known, held));
  if (state === 'crashed') {
    await eventually('QEMU has started', () => isThere(join(folder, 'pid')));
    abort.abort();
  }
  expect(await starting).toMatchObject({ code });
  await held.release();
  // As a later command finds it, when this one has ended.
  const [{ record } = known] = await listVms(vmsFolder(context.home));
  await writeVmRecord(folder, { ...record, owner: RECORD.owner });
  expect((await listVms(vmsFolder(context.home))).map((vm) => vm.state)).toEqual([state]);
});
