/** A kept VM and a build that wants another one: the build is planned as its VM is, or refused. */
import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { BuildPlan, PlanRequest } from '../../../src/build/plan/plan.js';
import { refuseOtherSettings } from '../../../src/build/vm/other-settings.js';
import { MayflyError } from '../../../src/errors.js';
import { vmsFolder } from '../../../src/paths.js';
import { makeVmFolder, writeVmRecord, type VmRecord } from '../../../src/vm/registry.js';
import type { Files } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { CONFIG, plan, testProject } from './plan/project.js';

const CACHES = { 'example-packages': { serial: 'mayfly-packages', path: '/caches/run-1a2b3c4d.qcow2' } };

async function planFor(kept: Partial<VmRecord>, flags: PlanRequest['flags'] = {}, files: Files = {}) {
  const { root, context } = await testProject(files);
  const vms = vmsFolder(context.home);
  await mkdir(vms, { recursive: true });
  const record = { ...RECORD, caches: CACHES, ...kept, checkout: root, kept: true };
  await writeVmRecord(await makeVmFolder(vms, record.id), record);
  return { record, made: await plan(context, { flags }) };
}

function refusal({ record, made }: { record: VmRecord; made: BuildPlan }): MayflyError | undefined {
  try {
    refuseOtherSettings(made, record);
    return undefined;
  } catch (error) {
    if (error instanceof MayflyError) return error;
    throw error;
  }
}

const withVm = (vm: string): Files => ({ 'builder/builder.yaml': CONFIG.replace('cpus: 2', vm) });

describe('a kept VM', () => {
  it.each<[string, Partial<VmRecord>, PlanRequest['flags'], Files]>([
    ['the same', {}, {}, {}],
    ['options that make no difference to it', {}, { keepRunning: true, offline: true, dateOffset: 3 }, {}],
    ['more memory than wanted', { memoryBytes: 3 * 2 ** 30 }, {}, {}],
    ['a build in the memory that it has', { memoryBytes: 2 * 2 ** 30 }, { ram: true }, {}],
    ['CPUs that were asked for when it started', { cpus: 7, cpuModel: 'Nehalem' }, {}, {}],
    ['another accelerator', { accelerator: 'kvm' }, {}, {}],
    ['a cache disk that this build does not use', {}, { proxy: 'noproxy' }, {}],
    ['in RAM where nobody said so', {}, {}, { 'builder/builder.yaml': CONFIG.replace('[noram]', '[]') }],
  ])('serves: %s', async (_name, kept, flags, files) => {
    const planned = await planFor(kept, flags, files);
    expect(refusal(planned)).toBeUndefined();
    const { cpus, cpuModel, memoryBytes } = planned.record;
    expect(planned.made.vm).toMatchObject({ cpus, cpuModel, memoryBytes });
  });

  it.each<[string, Partial<VmRecord>, PlanRequest['flags'], Files, string[]]>([
    [
      'an open network where the archive is all that may be reached',
      { network: 'open' },
      {},
      withVm('network: archive'),
      ['its network is open, and vm.network or what is frozen makes it archive'],
    ],
    [
      'a network where the VM has none',
      {},
      {},
      withVm('network: open'),
      ['its network is restricted, and vm.network or what is frozen makes it open'],
    ],
    ['too little memory', { memoryBytes: 2 ** 29 }, {}, {}, ['it has 512M of memory, and 1G are needed']],
    [
      'options that are asked for',
      { machineType: 'q35' },
      { ram: true, cpus: '7', cpuModel: 'Nehalem', machineType: 'pc' },
      {},
      [
        'it has 1G of memory, and 2G are needed',
        'its cpus is 2, and 7 is asked for',
        'its cpumodel is the default, and Nehalem is asked for',
        'its machinetype is q35, and pc is asked for',
      ],
    ],
    ['a cache', {}, { cacheWebsite: true }, {}, ['it has no disk for the cache example-website']],
  ])('is refused: %s', async (_name, kept, flags, files, details) => {
    const error = refusal(await planFor(kept, flags, files));
    expect(error).toMatchObject({ kind: 'refused', code: 'vm.other-settings', details });
    expect(error?.hint).toContain('mayfly vm destroy');
  });

  it('may be used as it is when only options ask for another', async () => {
    const error = refusal(await planFor({}, { cpus: '7' }));
    expect(error?.hint).toContain('leave out cpus=7');
  });
});
