/** A VM between its start and the record that names it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noteStarted } from '../../../src/build/vm/start.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import type { RunningVm, VmExit } from '../../../src/vm/provider.js';
import { makeVmFolder, writeVmRecord } from '../../../src/vm/registry.js';
import { guestSession } from '../guest/session.js';
import { temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { contextIn } from './plan/project.js';

async function started(kill: () => Promise<void>) {
  const root = await temporaryFolder();
  const events: MayflyEvent[] = [];
  const report = (event: MayflyEvent): void => {
    events.push(event);
  };
  const folder = await makeVmFolder(join(root, 'vms'), RECORD.id);
  await writeVmRecord(folder, RECORD);
  const { ssh } = await guestSession();
  const vm: RunningVm = {
    ...{ id: RECORD.id, process: { ...RECORD.owner, pid: 7 }, ssh, shareTags: undefined, exit: undefined },
    exited: new Promise<VmExit>(() => undefined),
    stop: () => Promise.resolve(true),
    kill,
    bringConsole: () => Promise.resolve(),
    letGo: () => Promise.resolve(),
  };
  const context = { ...contextIn(root, join(root, 'home')), report };
  return { folder, events, note: () => noteStarted(context, folder, RECORD, vm) };
}

describe('a VM that has started', () => {
  it('is in its record', async () => {
    const { note } = await started(() => Promise.reject(new Error('must not be ended')));
    expect(await note()).toMatchObject({ process: { pid: 7 }, port: 1 });
  });

  it('is ended when its record cannot be written', async () => {
    let killed = 0;
    const { folder, events, note } = await started(() => {
      killed += 1;
      return Promise.resolve();
    });
    // Where the new record would be written.
    await mkdir(join(folder, 'vm.json.new'));
    await expect(note()).rejects.toThrow('EISDIR');
    expect([killed, events]).toEqual([1, []]);
  });

  it('and cannot be ended either is told of; why it was to end is what is thrown', async () => {
    const { folder, events, note } = await started(() => Promise.reject(new Error('It does not end.')));
    await mkdir(join(folder, 'vm.json.new'));
    await expect(note()).rejects.toThrow('EISDIR');
    expect(events).toEqual([
      {
        ...{ type: 'notice', level: 'warning' },
        text: `The VM ${RECORD.id} may still run, as it could not be ended: It does not end.`,
      },
    ]);
  });
});
