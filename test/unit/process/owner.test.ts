import { describe, expect, it } from 'vitest';
import { spawnSleep } from '../../rig/sleeper.js';
import { currentOwner, isAlive, ownerOf } from '../../../src/process/owner.js';

describe('an owner', () => {
  it('is alive while its process runs, and gone afterwards', async () => {
    const sleeper = await spawnSleep();
    const owner = await ownerOf(sleeper.pid);
    if (owner === undefined) throw new Error('the process has no owner');
    expect(await isAlive(owner)).toBe(true);
    await sleeper.kill();
    expect(await ownerOf(sleeper.pid)).toBeUndefined();
    expect(await isAlive(owner)).toBe(false);
  });

  it('is this process', async () => {
    const owner = await currentOwner();
    expect(owner.pid).toBe(process.pid);
    expect(owner.startTime).toMatch(/^\d+$/);
    expect(owner.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await isAlive(owner)).toBe(true);
  });

  it('is gone when another process has its pid now', async () => {
    const owner = await currentOwner();
    expect(await isAlive({ ...owner, startTime: String(Number(owner.startTime) - 1) })).toBe(false);
  });

  it('is gone after the machine was started again', async () => {
    expect(await isAlive({ ...(await currentOwner()), bootId: 'another-boot' })).toBe(false);
  });

  it('is told from its start time also when its name holds blanks and parentheses', async () => {
    const sleeper = await spawnSleep(') S 1 (a b');
    const owner = await ownerOf(sleeper.pid);
    const plain = await currentOwner();
    expect(Number(owner?.startTime)).toBeGreaterThanOrEqual(Number(plain.startTime));
  });

  it('that nobody reaped yet, a zombie, counts as gone', async () => {
    const sleeper = await spawnSleep(undefined, { zombie: true });
    expect(await ownerOf(sleeper.pid)).toBeUndefined();
  });
});
