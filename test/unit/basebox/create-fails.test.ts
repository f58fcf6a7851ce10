/** A base box that cannot be made, in a store that has another: what is there stays as it was, to the byte. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { inputsOf } from '../../../src/basebox/create.js';
import { fingerprint, type BoxSpec } from '../../../src/basebox/recipe.js';
import { listBoxes } from '../../../src/basebox/store.js';
import { Unfetched } from '../../../src/build/archive/unfetched.js';
import { ensureBox, type EnsuredBox } from '../../../src/build/box/ensure.js';
import { boxesFolder, toolsFolder } from '../../../src/paths.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { contextIn } from '../build/plan/project.js';
import { failure } from '../source/repository.js';
import { fakeMmdebstrap, fakeTools } from './fake-box.js';
import { SPEC } from './spec.js';

/** A home with one box, which was made by fake programs. */
async function host() {
  // No blanks: mmdebstrap's own hooks, which the fake one does not read, are quoted elsewhere.
  const root = await mkdtemp(join(tmpdir(), 'mayfly-create-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const scratch = join(root, 'scratch');
  await mkdir(scratch);
  const context = contextIn(root, join(root, 'home'), { MAYFLY_TMPDIR: scratch });
  const create = async (packages: readonly string[]): Promise<EnsuredBox> => {
    const spec: BoxSpec = { ...SPEC, diskBytes: 8 * 2 ** 20, packages };
    const inputs = await inputsOf(spec);
    const planned = {
      spec,
      inputs,
      fingerprint: fingerprint(inputs),
      label: 'example-label',
      exists: false,
      epoch: 0,
    };
    const archive = {
      onHost: <T>(source: T): T => source,
      served: [],
      traffic: () => ({ bytes: 0, downloaded: 0 }),
      unfetched: new Unfetched(),
    };
    return await ensureBox(context, planned, archive, () => undefined);
  };
  await fakeTools(root);
  await fakeMmdebstrap(root);
  await create([]);
  const stores = [boxesFolder(context.home), toolsFolder(context.home)] as const;
  /** What is listed, and each file: what it is, its mode, when it changed, its content. */
  const look = async () => ({
    boxes: await listBoxes(stores[0]),
    files: await Promise.all(stores.map(filesOf)),
    scratch: await readdir(scratch),
  });
  return { root, create, look };
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder, { recursive: true })).sort();
  return await Promise.all(
    names.map(async (name) => {
      const entry = await lstat(join(folder, name));
      const content = entry.isFile() ? await readFile(join(folder, name)) : Buffer.alloc(0);
      const hash = createHash('sha256').update(content).digest('hex');
      // A folder's own time changes when something was in it for a moment.
      return [name, entry.mode, entry.isFile() ? entry.mtimeMs : '', hash].join(' ');
    }),
  );
}

const UNREACHABLE = "Err:1 x: Temporary failure resolving 'mirror.example'";
const UNKNOWN = 'E: Unable to locate package no-such-thing';

describe('a store with a box in it', () => {
  it.each([
    ['the archive is unreachable', UNREACHABLE, 'box.archive-unreachable'],
    ['a package is unknown', UNKNOWN, 'box.unknown-package'],
  ])('is as it was when %s', async (_, line, code) => {
    const { create, look } = await host();
    const before = await look();
    expect(before.boxes).toHaveLength(1);
    expect(before.files.map((files) => files.length > 3)).toEqual([true, true]);
    const mmdebstrap = await fakeProgram('mmdebstrap', `echo ${JSON.stringify(line)} >&2; exit 25`);
    expect(await failure(create(['no-such-thing']))).toMatchObject({ kind: 'host', code });
    expect(await mmdebstrap.calls()).not.toEqual([]);
    expect(await look()).toEqual(before);
  });

  it('is as it was when the new box fails after its folder was begun', async () => {
    const { root, create, look } = await host();
    const before = await look();
    await fakeMmdebstrap(root);
    await fakeProgram('qemu-img', 'for last; do :; done; echo half >"$last"; echo "no space" >&2; exit 1');
    expect(await failure(create(['more']))).toMatchObject({ code: 'command.failed' });
    expect(await look()).toEqual(before);
  });

  it('has both when the second can be made, and the first as it was', async () => {
    const { create, look } = await host();
    const before = await look();
    expect((await create([])).reused).toBe(true);
    expect(await look()).toEqual(before);
    expect((await create(['more'])).reused).toBe(false);
    const after = await look();
    expect(after.boxes).toHaveLength(2);
    expect(after.files[0]).toEqual(expect.arrayContaining([...(before.files[0] ?? [])]));
  });
});
