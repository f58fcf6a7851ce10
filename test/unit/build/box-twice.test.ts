/** A box that is made twice: kept when both are the same, told when they are not. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Unfetched } from '../../../src/build/archive/unfetched.js';
import { createTwice } from '../../../src/build/box/twice.js';
import { inputsOf } from '../../../src/basebox/create.js';
import { fingerprint } from '../../../src/basebox/recipe.js';
import { listBoxes } from '../../../src/basebox/store.js';
import { boxesFolder, differencesFolder } from '../../../src/paths.js';
import { fakeMmdebstrap, fakeTools } from '../basebox/fake-box.js';
import { SPEC } from '../basebox/spec.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure } from '../source/repository.js';
import { contextIn } from './plan/project.js';

/** @param content a command whose output is in the disk */
async function twice(content: string) {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-twice-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const context = contextIn(folder, join(folder, 'home'), { MAYFLY_TMPDIR: folder });
  await mkdir(boxesFolder(context.home), { recursive: true });
  const spec = { ...SPEC, diskBytes: 64 * 1024 * 1024 };
  const inputs = await inputsOf(spec);
  const planned = { fingerprint: fingerprint(inputs), label: 'l', exists: false, inputs, spec, epoch: 0 };
  await fakeTools(folder, content);
  await fakeMmdebstrap(folder);
  const archive = {
    ...{ onHost: <T>(source: T): T => source, served: [], unfetched: new Unfetched() },
    traffic: () => ({ bytes: 0, downloaded: 0 }),
  };
  return { context, make: () => createTwice(context, planned, archive, () => undefined) };
}

describe('a base box that is made twice', () => {
  it('is kept when both are the same', async () => {
    const { context, make } = await twice('echo same');
    const box = await make();
    expect(await listBoxes(boxesFolder(context.home))).toEqual([box]);
    // What is stored is compared with as well.
    expect((await make()).record.createdAt).toBe(box.record.createdAt);
  });

  it('is not kept when they differ, and diffoscope says why', async () => {
    const { context, make } = await twice('date +%N');
    await fakeProgram('diffoscope', 'echo "--- etc/stamp" > "$2"; exit 1');
    const error = await failure(make());
    expect(error).toMatchObject({ kind: 'script', code: 'box.not-reproducible', details: ['--- etc/stamp'] });
    expect(await listBoxes(boxesFolder(context.home))).toEqual([]);
    expect(await readFile(error.log ?? '', 'utf8')).toBe('--- etc/stamp\n');
    expect(error.log).toContain(differencesFolder(context.home));
  });
});
