/** `mayfly box remove`: one box, by any of its names, and never one that a VM uses. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { boxIdentity } from '../../../src/basebox/identity.js';
import { cleanBoxes } from '../../../src/build/box/remove.js';
import type { Context } from '../../../src/build/context.js';
import { boxLock } from '../../../src/build/box/ensure.js';
import { boxesFolder, vmsFolder } from '../../../src/paths.js';
import { lock } from '../../../src/process/lock.js';
import { makeVmFolder, writeVmRecord } from '../../../src/vm/registry.js';
import { setEnvironment } from '../../rig/fake-programs.js';
import { box } from '../basebox/spec.js';
import { contextIn } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { mayfly } from './program.js';

const ONE = '1'.repeat(32);
const TWO = '2'.repeat(32);

async function homeWithBoxes(): Promise<{
  readonly context: Context;
  readonly left: () => Promise<string[]>;
}> {
  const home = await temporaryFolder();
  setEnvironment({ MAYFLY_HOME: home });
  const context = contextIn(home, home);
  const store = boxesFolder(context.home);
  for (const fingerprint of [ONE, TWO]) {
    const { record } = box({ fingerprint, label: `of-${fingerprint.slice(0, 4)}` });
    await mkdir(join(store, fingerprint), { recursive: true });
    await writeFile(join(store, fingerprint, 'box.json'), JSON.stringify(record));
  }
  return { context, left: async () => (await readdir(store)).sort() };
}

const identityOfOne = ({ home }: Context): Promise<string> =>
  boxIdentity(join(boxesFolder(home), ONE), box({ fingerprint: ONE }).record);

describe('`box remove`', () => {
  it.each([
    ['label', () => 'of-1111'],
    ['the beginning of a fingerprint', () => '11111'],
    ['identity', identityOfOne],
  ])('takes a box by its %s, and leaves the others', async (_, nameIn) => {
    const { context, left } = await homeWithBoxes();
    const { exitCode, stdout } = await mayfly('box', 'remove', await nameIn(context));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Removed of-1111 \(111111111111\), .*\.\n$/);
    expect(await left()).toEqual([TWO]);
  });

  it('prints what was removed as JSON', async () => {
    await homeWithBoxes();
    const { stdout } = await mayfly('box', 'remove', ONE, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ removed: { fingerprint: ONE, label: 'of-1111' } });
  });

  it('does not know what is not there', async () => {
    const { left } = await homeWithBoxes();
    const { exitCode, stderr } = await mayfly('box', 'remove', 'f'.repeat(64));
    expect(exitCode).toBe(2);
    expect(stderr).toContain('There is no base box ffff');
    expect(await left()).toEqual([ONE, TWO]);
  });

  it('refuses a box that a VM uses, and names the VM', async () => {
    const { context, left } = await homeWithBoxes();
    const folder = await makeVmFolder(vmsFolder(context.home), RECORD.id);
    await writeVmRecord(folder, { ...RECORD, box: ONE });
    const { exitCode, stderr } = await mayfly('box', 'remove', ONE);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('The base box of-1111 stays: a VM uses it.');
    expect(stderr).toContain(`${RECORD.id}  leftover  ${RECORD.checkout}`);
    expect(stderr).toContain('mayfly vm destroy ID');
    expect(await left()).toEqual([ONE, TWO]);
    expect((await mayfly('box', 'remove', TWO)).exitCode).toBe(0);
  });

  it('refuses any while the record of a VM cannot be read', async () => {
    const { context, left } = await homeWithBoxes();
    await mkdir(join(vmsFolder(context.home), 'other'), { recursive: true });
    await writeFile(join(vmsFolder(context.home), 'other/vm.json'), '{"schema": 2}');
    expect((await mayfly('box', 'remove', ONE)).stderr).toContain('cannot be read');
    expect(await left()).toEqual([ONE, TWO]);
  });

  it('refuses one that another command works with', async () => {
    const { context, left } = await homeWithBoxes();
    await using _held = await lock(boxLock(context, ONE), { purpose: 'makes it', signal: context.signal });
    const { exitCode, stderr } = await mayfly('box', 'remove', ONE);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('Another command works with the base box of-1111.');
    expect(await left()).toEqual([ONE, TWO]);
  });
});

it('several jobs of a host clean boxes at once', async () => {
  const { context, left } = await homeWithBoxes();
  await Promise.all(Array.from({ length: 4 }, () => cleanBoxes(context, { all: true })));
  expect(await left()).toEqual([]);
});
