/** Which VM a command of `mayfly vm` is about, when it names none. */
import { mkdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { findVm, vmHalt } from '../../../src/build/vm/commands.js';
import { vmsFolder } from '../../../src/paths.js';
import { currentOwner } from '../../../src/process/owner.js';
import { makeVmFolder, writeVmRecord } from '../../../src/vm/registry.js';
import { failure } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { testProject } from './plan/project.js';

it('is none, unless the checkout has one', async () => {
  const { context } = await testProject();
  expect(await failure(findVm(context, undefined))).toMatchObject({ code: 'vm.none' });
});

it('is that of a build, and who asks is told who works in it', async () => {
  const { root, context } = await testProject();
  const vms = vmsFolder(context.home);
  await mkdir(vms, { recursive: true });
  const folder = await makeVmFolder(vms, RECORD.id);
  await writeVmRecord(folder, { ...RECORD, checkout: root, owner: await currentOwner() });
  const found = await findVm(context, undefined);
  expect(found.state).toBe('running');
  expect(await failure(vmHalt(context, found))).toMatchObject({
    code: 'vm.busy',
    message: `The VM ${RECORD.id} is in use by process ${process.pid}.`,
  });
});
