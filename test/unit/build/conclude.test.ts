/** The end of a build whose own end goes wrong: no VM without an owner, and the first failure stays the first. */
import { access, mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { conclude, type Work } from '../../../src/build/conclude.js';
import { Journal } from '../../../src/build/record/journal.js';
import { setAside, type Collected } from '../../../src/build/results/bring-out.js';
import { ResultsFolder } from '../../../src/build/results/folder.js';
import type { VmStorage } from '../../../src/build/vm/storage.js';
import { MayflyError } from '../../../src/errors.js';
import { makeScratch } from '../../../src/process/scratch.js';
import type { VmExit } from '../../../src/vm/provider.js';
import { listVms, makeVmFolder, writeVmRecord } from '../../../src/vm/registry.js';
import { currentOwner } from '../../../src/process/owner.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { guestSession } from '../guest/session.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { contextIn } from './plan/project.js';
import { PLAN } from './plan/plan-value.js';

interface Way extends Partial<Pick<Work, 'keep' | 'failed' | 'reused'>> {
  /** Called when the console is read, before the guest tidies up. */
  readonly onConsole?: (stop: AbortController) => void;
  readonly kill?: () => Promise<void>;
  readonly finish?: string;
}

async function end({ onConsole, kill, finish = 'exit 0', ...way }: Way) {
  const root = await temporaryFolder();
  await fakeProgram('ssh', finish);
  const stop = new AbortController();
  const context = { ...contextIn(root, join(root, 'home')), signal: stop.signal };
  const vms = join(root, 'vms');
  const folder = await makeVmFolder(vms, RECORD.id);
  const record = { ...RECORD, owner: await currentOwner() };
  await writeVmRecord(folder, record);
  const told: string[] = [];
  const journal = new Journal(join(root, 'build'), (event) => {
    if (event.type === 'notice' && event.level === 'warning') told.push(event.text);
  });
  onTestFinished(() => {
    journal[Symbol.dispose]();
  });
  let killed = false;
  let held = true;
  const session = await guestSession();
  const release = () => {
    held = false;
    return Promise.resolve();
  };
  const guest = {
    ...session,
    bringConsole: () => {
      onConsole?.(stop);
      return Promise.resolve();
    },
  };
  const work: Work = {
    ...{ context, journal, plan: PLAN, keep: false, failed: false, reused: false, collected: undefined },
    results: new ResultsFolder(context.home),
    progress: {
      ...{ id: 'b', startedAt: new Date(), plan: PLAN, box: undefined, vm: undefined },
      ...{ served: [], cached: [], outside: new Set<string>(), artifacts: [] },
    },
    builder: {
      ...{ guest, folder, record, master: undefined, storage: {} as VmStorage },
      held: { release, [Symbol.asyncDispose]: release },
      vm: {
        ...{ id: RECORD.id, process: undefined, ssh: session.ssh, shareTags: undefined, exit: undefined },
        exited: new Promise<VmExit>(() => undefined),
        stop: () => Promise.resolve(true),
        kill: async () => {
          killed = true;
          await kill?.();
        },
        bringConsole: () => Promise.resolve(),
        letGo: () => Promise.resolve(),
      },
    },
    ...way,
  };
  return {
    work,
    told,
    /** What became of the VM. */
    vm: async () => ({ killed, held, kept: (await listVms(vms)).map((vm) => vm.record.kept) }),
  };
}

const DESTROYED = { killed: true, held: false, kept: [] };
const KEPT = { killed: false, held: false, kept: [true] };
const interrupt = (stop: AbortController): void => {
  stop.abort();
};

describe('a VM that is to be kept', () => {
  it('is kept', async () => {
    const { work, vm, told } = await end({ keep: true });
    expect(await conclude(work)).toBe(true);
    expect(await vm()).toEqual(KEPT);
    expect(told).toEqual([]);
  });

  it('is destroyed when the command is interrupted before it is', async () => {
    const { work, vm } = await end({ keep: true, onConsole: interrupt });
    expect(await failure(conclude(work))).toMatchObject({ kind: 'interrupted' });
    expect(await vm()).toEqual(DESTROYED);
  });

  it.each([{ failed: true }, { failed: true, reused: true }])(
    'after a failure is kept all the same: %j',
    async (way) => {
      const { work, vm } = await end({ keep: true, onConsole: interrupt, ...way });
      expect(await conclude(work)).toBe(true);
      expect(await vm()).toEqual(KEPT);
    },
  );

  it('and was kept before stays, when the command is interrupted', async () => {
    const { work, vm } = await end({ keep: true, reused: true, onConsole: interrupt });
    expect(await failure(conclude(work))).toMatchObject({ kind: 'interrupted' });
    expect(await vm()).toEqual(KEPT);
  });

  it('is kept with a warning when its connection broke', async () => {
    const { work, vm, told } = await end({ keep: true, finish: 'exit 255' });
    expect(await conclude(work)).toBe(true);
    expect(await vm()).toEqual(KEPT);
    expect(told).toEqual([expect.stringContaining(`The VM ${RECORD.id} could not be tidied up: `)]);
  });

  it('is destroyed when it cannot be noted that it is kept', async () => {
    const { work, vm } = await end({ keep: true });
    // Where the new record would be written.
    await mkdir(join(work.builder.folder, 'vm.json.new'));
    await expect(conclude(work)).rejects.toThrow('EISDIR');
    expect(await vm()).toEqual(DESTROYED);
  });
});

describe('a clean-up that fails', () => {
  const kill = (): Promise<void> =>
    Promise.reject(new MayflyError('host', 'command.failed', 'The host does not answer.'));

  it('is only told of when the build failed', async () => {
    const { work, vm, told } = await end({ failed: true, kill });
    expect(await conclude(work)).toBe(false);
    expect(told).toEqual([
      `The VM ${RECORD.id} could not be removed, and the next build or \`mayfly clean\` tries again: The host does not answer.`,
    ]);
    expect(await vm()).toMatchObject({ held: false, kept: [false] });
  });

  it('fails a build that succeeded', async () => {
    const { work } = await end({ kill });
    expect(await failure(conclude(work))).toMatchObject({ code: 'command.failed' });
  });

  it.each([true, false])('never skips the end of the VM; the build failed: %j', async (failed) => {
    const { work, vm, told } = await end({ failed });
    const collected: Collected = { disk: join(work.builder.folder, 'not-there'), offers: [], inUse: true };
    const outcome = conclude({ ...work, collected });
    if (failed) expect(await outcome).toBe(false);
    else await expect(outcome).rejects.toThrow('ENOENT');
    expect(await vm()).toEqual(DESTROYED);
    expect(told).toHaveLength(failed ? 1 : 0);
  });
});

const OTHER = '/dev/shm';
const hasOther = await access(OTHER).then(
  () => true,
  () => false,
);

describe('the artifact disk', () => {
  it.skipIf(!hasOther)('is copied with its holes to a folder on another file system', async () => {
    const folder = await temporaryFolder();
    await using other = await makeScratch(OTHER, 0o700);
    const disk = join(folder, 'artifacts.raw');
    await writeFile(disk, 'made');
    await truncate(disk, 2 ** 30);
    const { signal } = new AbortController();
    const aside = await setAside({ disk, offers: [], inUse: true }, other.path, signal);
    expect(aside).toMatchObject({ inUse: false });
    const { size, blocks } = await stat(aside.disk);
    expect(size).toBe(2 ** 30);
    expect(blocks * 512).toBeLessThan(2 ** 20);
    await rm(aside.disk);
    await rm(disk);
    await expect(setAside({ disk, offers: [], inUse: true }, other.path, signal)).rejects.toThrow(
      'cp failed',
    );
    expect((await readdir(other.path)).filter((name) => name.endsWith('.raw'))).toEqual([]);
  });
});
