/** The tree of a box is made in memory where the host has it, and on disk where that was too little. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeRootfs, memoryFor, type RootfsJob } from '../../../src/basebox/make-rootfs.js';
import { tellingFailure } from '../../../src/basebox/postinstall.js';
import { quoteWord } from '../../../src/process/command-error.js';
import { fakeProgram, type FakeProgram } from '../../rig/fake-programs.js';
import { failure } from '../source/repository.js';
import { SPEC } from './spec.js';

const GIB = 2 ** 30;

/** Its hook, if it has one, names the memory. */
const inMemory = async (mmdebstrap: FakeProgram): Promise<readonly boolean[]> =>
  (await mmdebstrap.calls()).map((args) => args.some((argument) => argument.includes('-t tmpfs')));

async function rig(availableMemory: number): Promise<{ job: RootfsJob; told: string[] }> {
  const output = await mkdtemp(join(tmpdir(), 'mayfly-rootfs-'));
  onTestFinished(() => rm(output, { recursive: true, force: true }));
  const told: string[] = [];
  const job: RootfsJob = {
    spec: SPEC,
    epoch: 0,
    paths: { setup: join(output, 'setup'), postinstall: undefined, output },
    signal: new AbortController().signal,
    onLine: () => undefined,
    phase: (name) => told.push(name),
    availableMemory,
  };
  return { job, told };
}

it.each([
  [GIB, undefined],
  [4 * GIB - 1, undefined],
  [4 * GIB, 2 * GIB],
  [25 * GIB + 1, 12.5 * GIB],
])('of %d bytes that are available it may take %s', (available, bytes) => {
  expect(memoryFor(available)).toBe(bytes);
});

describe('mmdebstrap', () => {
  it.each([
    ['has memory', 8 * GIB, [true]],
    ['has little memory', 2 * GIB, [false]],
  ])('of a host that %s', async (_name, available, expected) => {
    const mmdebstrap = await fakeProgram('mmdebstrap', ':');
    const { job, told } = await rig(available);
    await makeRootfs(job);
    expect(await inMemory(mmdebstrap)).toEqual(expected);
    expect(told).toEqual([]);
  });

  it('runs once more, on disk, when the tree does not fit into memory', async () => {
    const full = 'case $* in *tmpfs*) echo "tar: No space left on device" >&2; exit 25 ;; esac';
    const mmdebstrap = await fakeProgram('mmdebstrap', full);
    const { job, told } = await rig(8 * GIB);
    await makeRootfs(job);
    expect(await inMemory(mmdebstrap)).toEqual([true, false]);
    expect(told).toEqual(['once more, on disk: it does not fit into memory']);
  });

  it('runs once only when anything else is wrong', async () => {
    const mmdebstrap = await fakeProgram('mmdebstrap', 'echo "E: BADSIG 0123" >&2; exit 25');
    const { job } = await rig(8 * GIB);
    expect(await failure(makeRootfs(job))).toMatchObject({ code: 'box.bad-signature' });
    expect(await inMemory(mmdebstrap)).toEqual([true]);
  });
});

describe('the postinstall of the project', () => {
  const RUNS = `echo 'I: running --customize-hook in shell: sh -c "env BUILD_USER=builder /mayfly-setup/postinstall"' >&2`;
  const CLEANS = `echo 'I: main() received signal PIPE: waiting for setup...' >&2; exit 25`;
  /** The hook itself, as mmdebstrap has it run, with another script in place of the project's. */
  const hook = (script: string): string =>
    tellingFailure(`sh -c ${quoteWord(script)}`).replace('exit $code', CLEANS);

  it.each(['curl: (6) Could not resolve host: example.org', 'E: Unable to locate package nothing'])(
    'fails by itself, whatever it says: %s',
    async (said) => {
      await fakeProgram('mmdebstrap', `echo before >&2; ${RUNS}; ${hook(`echo '${said}' >&2; exit 6`)}`);
      const { job } = await rig(GIB);
      expect(await failure(makeRootfs(job))).toMatchObject({
        kind: 'script',
        code: 'box.postinstall-failed',
        message:
          "The base box could not be made: the project's own basebox.postinstall failed with exit code 6.",
        details: [said],
        hint: expect.stringContaining('mayfly box create --verbose') as unknown,
      });
    },
  );

  it('that fills the disk is told as that', async () => {
    const script = 'echo "cp: No space left on device" >&2; exit 1';
    await fakeProgram('mmdebstrap', `${RUNS}; ${hook(script)}`);
    const { job } = await rig(GIB);
    expect(await failure(makeRootfs(job))).toMatchObject({ code: 'box.disk-full' });
  });

  it('that worked is not to blame for what comes after it', async () => {
    const seal = `echo 'I: running --customize-hook in shell: sh -c "sh /mayfly-setup/seal.sh"' >&2`;
    await fakeProgram('mmdebstrap', `${RUNS}; ${hook('echo fine >&2')}; ${seal}; echo 'E: odd' >&2; exit 25`);
    const { job } = await rig(GIB);
    expect(await failure(makeRootfs(job))).toMatchObject({ code: 'box.packages-failed' });
  });
});
