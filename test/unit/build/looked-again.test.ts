/** Between the look at a VM and its lock, another command may have worked with it: what counts is how it is then. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { holdVm } from '../../../src/build/vm/builder-vm.js';
import { findVm, vmDestroy, vmHalt, withVm } from '../../../src/build/vm/commands.js';
import { currentOwner, ownerOf } from '../../../src/process/owner.js';
import { writeVmRecord } from '../../../src/vm/registry.js';
import { spawnSleep } from '../../rig/sleeper.js';
import { failure } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { putKeptVm } from './kept-vm.js';

const HALTED = { port: undefined, process: undefined };
const notUsed = (): Promise<never> => Promise.reject(new Error('must not be used'));

/** A VM that ran when it was looked up. */
async function lookedUp() {
  const own = await ownerOf((await spawnSleep('qemu-like')).pid);
  if (own === undefined) throw new Error('it does not run');
  const vm = await putKeptVm({ process: own });
  const looked = await findVm(vm.context, RECORD.id);
  expect(looked.state).toBe('kept');
  return { ...vm, looked };
}

describe('a VM that another command has just halted', () => {
  it('is neither taken for one that runs, nor halted again; its record stays', async () => {
    const { context, folder, record, looked } = await lookedUp();
    // The process of that command goes on for a moment.
    await writeVmRecord(folder, { ...record, ...HALTED, owner: await currentOwner() });
    const before = await readFile(join(folder, 'vm.json'), 'utf8');
    expect(await failure(withVm(context, looked, notUsed))).toMatchObject({ code: 'vm.halted' });
    await vmHalt(context, looked);
    expect(await readFile(join(folder, 'vm.json'), 'utf8')).toBe(before);
    await (await holdVm(context, RECORD.id)).release();
  });

  it('is destroyed as one that is halted: its caches are sealed', async () => {
    const { context, folder, record, looked, told, isThere } = await lookedUp();
    await writeVmRecord(folder, { ...record, ...HALTED });
    await vmDestroy(context, looked);
    // The overlay is no real disk: that sealing was tried shows in what is said.
    expect(told.join()).toContain('was removed, or cannot be read');
    expect(await isThere(folder)).toBe(false);
  });
});

it('a VM that was halted, and that another command has started since, is not sealed as it runs', async () => {
  const { context, folder, record, overlay, told, isThere } = await putKeptVm({
    ...HALTED,
    cachesClean: true,
  });
  const looked = await findVm(context, RECORD.id);
  expect(looked.state).toBe('halted');
  // It has even died since.
  await writeVmRecord(folder, { ...record, port: 2222, started: { consoleFrom: 0 } });
  await vmDestroy(context, looked);
  expect(told.join()).toContain('it ended without being halted.');
  expect(await isThere(overlay)).toBe(false);
});

it('a VM that another command has just removed is said to be gone', async () => {
  const { context, folder, looked, told, obtain } = await lookedUp();
  await rm(folder, { recursive: true });
  const text = `Another command has just removed the VM ${RECORD.id}.`;
  const gone = { kind: 'refused', code: 'vm.gone', message: text };
  expect(await failure(withVm(context, looked, notUsed))).toMatchObject(gone);
  expect(await failure(vmHalt(context, looked))).toMatchObject(gone);
  expect(await obtain({}, looked)).toMatchObject(gone);
  await vmDestroy(context, looked);
  expect(told).toContain(text);
  await (await holdVm(context, RECORD.id)).release();
});
