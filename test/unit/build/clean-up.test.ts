/** What a clean-up that fails too may hide: nothing. */
import { mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withCleanUp, type CleanUp } from '../../../src/build/clean-up.js';
import { withVm } from '../../../src/build/vm/commands.js';
import { MayflyError } from '../../../src/errors.js';
import { vmsFolder } from '../../../src/paths.js';
import { ownerOf } from '../../../src/process/owner.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import { listVms, makeVmFolder, writeVmRecord } from '../../../src/vm/registry.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { spawnSleep } from '../../rig/sleeper.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { contextIn } from './plan/project.js';

function listener() {
  const told: string[] = [];
  const report = (event: MayflyEvent): void => {
    if (event.type === 'notice' && event.level === 'warning') told.push(event.text);
  };
  return { told, report };
}

const work = new MayflyError('script', 'build.failed', 'The work failed.');
const first = new MayflyError('host', 'host.enospc', 'The disk is full.');
const second = new MayflyError('vm', 'vm.unkillable', 'The VM does not end.');

describe('after work', () => {
  const failing = async (cleanUp: CleanUp): Promise<void> => {
    await cleanUp.attempt('One', () => Promise.reject(first));
    await cleanUp.attempt('Two', () => Promise.reject(second));
  };

  it('that failed, its own failure is thrown and what fails later is told', async () => {
    const { told, report } = listener();
    expect(await failure(withCleanUp(report, () => Promise.reject(work), failing))).toBe(work);
    expect(told).toEqual(['One: The disk is full.', 'Two: The VM does not end.']);
  });

  it('that succeeded, the first failure of the clean-up is thrown and the others are told', async () => {
    const { told, report } = listener();
    expect(await failure(withCleanUp(report, () => Promise.resolve(1), failing))).toBe(first);
    expect(told).toEqual(['Two: The VM does not end.']);
  });

  it.each([true, false])('the clean-up is told whether it failed: %j', async (fails) => {
    const { told, report } = listener();
    const seen: boolean[] = [];
    const outcome = withCleanUp(
      report,
      () => (fails ? Promise.reject(work) : Promise.resolve('made')),
      (_cleanUp, failed) => Promise.resolve(seen.push(failed)),
    );
    if (fails) expect(await failure(outcome)).toBe(work);
    else expect(await outcome).toBe('made');
    expect([seen, told]).toEqual([[fails], []]);
  });
});

/** A kept VM that runs: a process, a port where SSH answers, and an ssh that connects. */
async function keptVm() {
  const socket = 'for word; do case $word in ControlPath=*) : > "${word#ControlPath=}" ;; esac; done';
  await fakeProgram('ssh', `case $* in *ControlMaster=yes*) ${socket}; exec sleep 60 ;; esac`);
  const server = createServer((socket) => void socket.end('SSH-2.0-test\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const root = await temporaryFolder();
  const { told, report } = listener();
  const context = { ...contextIn(root, join(root, 'home')), report };
  const folder = await makeVmFolder(vmsFolder(context.home), RECORD.id);
  const { port } = server.address() as AddressInfo;
  const own = await ownerOf((await spawnSleep('qemu-like')).pid);
  if (own === undefined) throw new Error('it does not run');
  await writeVmRecord(folder, { ...RECORD, kept: true, process: own, port });
  const [known] = await listVms(vmsFolder(context.home));
  if (known === undefined) throw new Error('there is no VM');
  expect(known.state).toBe('kept');
  return { context, known, told };
}

describe('a VM that cannot be kept after the work in it', () => {
  it.each([true, false])('hides no failure of the work: %j', async (fails) => {
    const { context, known, told } = await keptVm();
    const outcome = withVm(context, known, async ({ folder }) => {
      // Where the new record would be written.
      await mkdir(join(folder, 'vm.json.new'));
      if (fails) throw work;
    });
    if (!fails) await expect(outcome).rejects.toThrow('EISDIR');
    else expect(await failure(outcome)).toBe(work);
    const text = `The VM ${RECORD.id} could not be kept: `;
    expect(told).toEqual(fails ? [expect.stringContaining(text)] : []);
  });
});
