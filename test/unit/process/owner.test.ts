import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { spawnSleep } from '../../rig/sleeper.js';
import { currentOwner, isAlive, isElsewhere, isGone, ownerOf } from '../../../src/process/owner.js';

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

  it('of another host is not alive here, and not known to be gone', async () => {
    const owner = { ...(await currentOwner()), startTime: '1', machine: 'another' };
    expect([await isElsewhere(owner), await isAlive(owner), await isGone(owner)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each(['this host', 'a host without an id'])('of %s is gone with its process', async (host) => {
    const own = await currentOwner();
    const owner = { ...own, startTime: '1', machine: host === 'this host' ? own.machine : undefined };
    expect([await isElsewhere(owner), await isGone(owner)]).toEqual([false, true]);
    expect(await isGone(own)).toBe(false);
  });

  it('names its host, and not by the id that is to be kept secret', async () => {
    const id = (await readFile('/etc/machine-id', 'utf8').catch(() => '')).trim();
    const owner = await currentOwner();
    expect(owner.hostName).toBe(hostname());
    expect(owner.machine).toEqual(id === '' ? undefined : expect.stringMatching(/^[0-9a-f]{32}$/));
    expect(owner.machine).not.toBe(id);
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
