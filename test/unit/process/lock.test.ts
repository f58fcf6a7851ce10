import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lock, tryLock } from '../../../src/process/lock.js';
import { run } from '../../../src/process/run.js';
import { eventually } from '../../rig/eventually.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { sourceUrl, startNode, type NodeChild } from '../../rig/node-child.js';
import { failure, temporaryFolder } from '../source/repository.js';

/** Another process that takes the lock with our own code, says so, and stays. */
function holder(path: string, purpose: string, shared = false): NodeChild {
  return startNode(
    `import { lock } from ${JSON.stringify(sourceUrl('process/lock.ts'))};
     const [path, purpose, shared] = process.argv.slice(1);
     const held = await lock(path, { purpose, shared: shared === 'true' });
     console.log('held');
     setInterval(() => held, 1000);`,
    [path, purpose, String(shared)],
  );
}

const purpose = 'tests locks';

async function lockPath(): Promise<string> {
  return join(await temporaryFolder(), 'locks', 'one.lock');
}

describe('an exclusive lock', () => {
  it('that a failure left unreleased does not keep its process from ending', async () => {
    const path = await lockPath();
    const child = startNode(
      `import { lock } from ${JSON.stringify(sourceUrl('process/lock.ts'))};
       await lock(process.argv[1], { purpose: 'fails' });
       console.log('held');`,
      [path],
    );
    expect(await child.firstLine).toBe('held');
    await child.ended;
    await eventually('the lock is free', async () => {
      const free = await tryLock(path, { purpose });
      await free?.release();
      return free !== undefined;
    });
  });

  it('is taken where its file cannot be written to, and lets its process end', async () => {
    const path = await lockPath();
    const child = startNode(
      `import { lock } from ${JSON.stringify(sourceUrl('process/lock.ts'))};
       import { mkdirSync } from 'node:fs';
       import { dirname } from 'node:path';
       const [path] = process.argv.slice(1);
       // A directory takes a lock, and no text.
       mkdirSync(path, { recursive: true });
       const held = await lock(path, { purpose: 'writes nothing' });
       console.log('held');
       await held.release();`,
      [path],
    );
    expect(await child.firstLine).toBe('held');
    await child.ended;
  });

  it('keeps other processes out, and lets them in once it is released', async () => {
    const path = await lockPath();
    const held = await lock(path, { purpose });
    const outsider = () => run('flock', ['--nonblock', path, 'true'], { accept: [0, 1] });
    expect((await outsider()).exitCode).toBe(1);
    await held.release();
    expect((await outsider()).exitCode).toBe(0);
  });

  it('outlasts an interruption until it is released: who has it is still cleaning up', async () => {
    const path = await lockPath();
    const abort = new AbortController();
    const held = await lock(path, { purpose, signal: abort.signal });
    abort.abort();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await tryLock(path, { purpose })).toBeUndefined();
    await held.release();
    await (await tryLock(path, { purpose }))?.release();
  });

  it('keeps other builds of the same process out', async () => {
    const path = await lockPath();
    const held = await lock(path, { purpose });
    expect(await tryLock(path, { purpose })).toBeUndefined();
    await held.release();
    const again = await tryLock(path, { purpose });
    expect(again).toBeDefined();
    await again?.release();
  });

  it('is released at the end of the block, and twice is harmless', async () => {
    const path = await lockPath();
    {
      await using held = await lock(path, { purpose });
      expect(await tryLock(path, { purpose })).toBeUndefined();
      await held.release();
    }
    await (await tryLock(path, { purpose }))?.release();
  });

  it('of another process: tells who holds it, then waits', async () => {
    const path = await lockPath();
    const other = holder(path, 'makes a base box');
    await other.firstLine;
    const waits: string[] = [];
    await eventually('the holder named itself', async () => (await readFile(path, 'utf8')) !== '');
    const waiting = lock(path, { purpose, onWait: (who) => waits.push(who) });
    await eventually('we wait', () => waits.length > 0);
    expect(waits).toEqual([`process ${other.pid}: makes a base box`]);
    other.kill('SIGKILL');
    await (await waiting).release();
  });

  it('is gone the moment its holder is killed with kill -9', async () => {
    const path = await lockPath();
    const other = holder(path, 'dies');
    await other.firstLine;
    expect(await tryLock(path, { purpose })).toBeUndefined();
    other.kill('SIGKILL');
    await other.ended;
    await eventually('the lock is free', async () => {
      const held = await tryLock(path, { purpose });
      await held?.release();
      return held !== undefined;
    });
  });

  it('is given to one at a time, however many want it', async () => {
    const path = await lockPath();
    let inside = 0;
    const most: number[] = [];
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        await using _held = await lock(path, { purpose });
        inside += 1;
        most.push(inside);
        await new Promise((resolve) => setTimeout(resolve, 10));
        inside -= 1;
      }),
    );
    expect(most).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('a shared lock', () => {
  it('is held by several readers, and keeps a writer out', async () => {
    const path = await lockPath();
    const first = await lock(path, { purpose, shared: true });
    const second = await tryLock(path, { purpose, shared: true });
    expect(second).toBeDefined();
    expect(await tryLock(path, { purpose })).toBeUndefined();
    await first.release();
    expect(await tryLock(path, { purpose })).toBeUndefined();
    await second?.release();
    await (await lock(path, { purpose })).release();
  });

  it('waits for a writer', async () => {
    const path = await lockPath();
    const held = await lock(path, { purpose });
    expect(await tryLock(path, { purpose, shared: true })).toBeUndefined();
    await held.release();
  });
});

describe('a lock that does not come', () => {
  it('is given up when the person interrupts', async () => {
    const path = await lockPath();
    await using _held = await lock(path, { purpose });
    const abort = new AbortController();
    const waiting = failure(lock(path, { purpose, signal: abort.signal, onWait: () => abort.abort() }));
    expect(await waiting).toMatchObject({ kind: 'interrupted' });
    expect(await failure(tryLock(path, { purpose, signal: AbortSignal.abort() }))).toMatchObject({
      kind: 'interrupted',
    });
  });

  it('for another reason says which', async () => {
    const path = await lockPath();
    await mkdir(path, { recursive: true });
    await chmod(path, 0o700);
    await fakeProgram('flock', 'echo "flock: cannot open lock file" >&2; exit 66');
    expect(await failure(lock(path, { purpose }))).toMatchObject({
      code: 'lock.failed',
      details: ['flock: cannot open lock file'],
      hint: 'Is the folder writable, and is util-linux installed?',
    });
  });
});
