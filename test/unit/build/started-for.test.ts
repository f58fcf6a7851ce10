/** Whom a kept VM serves, by what it was started for. */
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { holdVm } from '../../../src/build/vm/builder-vm.js';
import { makeFolderFor, startBuilderVm } from '../../../src/build/vm/start.js';
import { boxesFolder } from '../../../src/paths.js';
import type { VmRecord } from '../../../src/vm/registry.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { putBox, putKeptVm } from './kept-vm.js';
import { PLAN } from './plan/plan-value.js';
import { contextIn } from './plan/project.js';

const HALTED = { port: undefined, process: undefined, ref: PLAN.source.ref.name };
const caches = (name: string): VmRecord['caches'] => ({ [name]: { serial: 'mayfly-packages', path: '/c' } });

it.each<[string, string, Partial<VmRecord>, string[]]>([
  ['vm.other-project', 'another name', { project: 'other' }, ['it is of the project other']],
  [
    ...(['vm.other-project', 'caches of another name, by an older record'] as const),
    { caches: caches('other-packages') },
    ['its cache is other-packages, and example-packages is wanted'],
  ],
  ['guest.wrong-branch', 'another branch', { project: 'example', ref: 'main' }, []],
  ['vm.other-box', 'another base box, which is not made for it', { project: 'example' }, []],
])('is refused (%s): %s', async (code, _name, record, details) => {
  const { obtain, folder } = await putKeptVm({ ...HALTED, ...record });
  expect(await obtain({})).toMatchObject({ kind: 'refused', code, details });
  // Before anything is made for it.
  await expect(access(join(folder, 'source'))).rejects.toThrow('ENOENT');
});

it('is refused to `vm provision` of another project as well', async () => {
  const { obtain, known } = await putKeptVm({ ...HALTED, project: 'other' });
  expect(await obtain({}, await known())).toMatchObject({
    code: 'vm.other-project',
    message: `The kept VM ${RECORD.id} is not of the project example, though it was started in this checkout.`,
  });
});

it('is in the record of a VM from its start on', async () => {
  const root = await temporaryFolder();
  const context = contextIn(root, join(root, 'home'));
  const box = await putBox(boxesFolder(context.home));
  const [held, folder] = [await holdVm(context, 'new'), await makeFolderFor(context, 'new')];
  await writeFile(join(folder, 'overlay.qcow2'), '');
  // Of one that does not start, the record goes again.
  const copy = join(root, 'vm.json');
  await fakeProgram('qemu-system-x86_64', `cp vm.json '${copy}'; exit 1`);
  const options = { mayOutliveUs: true, bootTimeoutMs: undefined };
  await failure(startBuilderVm(context, PLAN, box, 'new', folder, held, options));
  await held.release();
  const { project, ref } = JSON.parse(await readFile(copy, 'utf8')) as VmRecord;
  expect([project, ref]).toEqual(['example', 'topic']);
});
