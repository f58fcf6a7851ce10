/** How programs end before their time: by a time limit, by Ctrl-C, by the death of mayfly. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MayflyError } from '../../../src/errors.js';
import { killEverything } from '../../../src/process/children.js';
import { ownerOf } from '../../../src/process/owner.js';
import { run } from '../../../src/process/run.js';
import { eventually } from '../../rig/eventually.js';
import { sourceUrl, startNode } from '../../rig/node-child.js';
import { failure, temporaryFolder } from '../source/repository.js';

/** Writes its own pid and that of a grandchild to the file `pids`, then sleeps. */
const FAMILY = 'sleep 60 & echo $$ $! >pids.new; mv pids.new pids; wait; wait';

async function pidsIn(folder: string): Promise<readonly number[]> {
  let pids: readonly number[] = [];
  await eventually('the program wrote its pids', async () => {
    const text = await readFile(join(folder, 'pids'), 'utf8').catch(() => '');
    pids = text.trim().split(/\s+/).map(Number);
    return text !== '';
  });
  return pids;
}

const isGone = async (pid: number): Promise<boolean> => (await ownerOf(pid)) === undefined;

async function allGone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) await eventually(`process ${pid} is gone`, () => isGone(pid));
}

it('a program that has the terminal is ended by an interruption too', async () => {
  const started = performance.now();
  const running = run('sleep', ['50'], { stdio: 'inherit', signal: AbortSignal.timeout(300) });
  await failure(running);
  expect(performance.now() - started).toBeLessThan(40_000);
});

describe('a time limit', () => {
  it('stops the program and its children, and says so', async () => {
    const folder = await temporaryFolder();
    const error = await failure(run('sh', ['-c', FAMILY], { cwd: folder, timeoutMs: 400 }));
    expect(error.message).toMatch(/^sh did not finish within \d\.\d s and was stopped in /);
    expect(error).toMatchObject({ code: 'command.failed', failure: { timedOut: true } });
    await allGone(await pidsIn(folder));
  });

  it('is kept with a program that answers SIGTERM with success', async () => {
    const error = await failure(run('sh', ['-c', "trap 'exit 0' TERM; sleep 60 & wait"], { timeoutMs: 400 }));
    expect(error.message).toContain('did not finish within');
  });

  it('kills a program that ignores the request to end', async () => {
    const started = performance.now();
    const script = "trap '' TERM; while :; do sleep 0.2; done";
    const error = await failure(run('sh', ['-c', script], { timeoutMs: 300 }));
    expect(error).toMatchObject({ failure: { timedOut: true, signal: 'SIGKILL' } });
    expect(performance.now() - started).toBeLessThan(9000);
  });

  it.each([
    ['runs', 'setsid sleep 5 & echo $! >pids; wait'],
    ['has ended', 'setsid sleep 5 & echo $! >pids'],
  ])('is kept when a process beyond its group holds its output, and it %s', async (_name, script) => {
    const folder = await temporaryFolder();
    const started = performance.now();
    const error = await failure(run('sh', ['-c', script], { cwd: folder, timeoutMs: 300 }));
    expect(error.message).toContain('did not finish within');
    expect(performance.now() - started).toBeLessThan(3000);
    for (const pid of await pidsIn(folder)) process.kill(pid, 'SIGKILL');
  });

  it('does nothing to a program that ends in time', async () => {
    expect((await run('true', [], { timeoutMs: 5000 })).exitCode).toBe(0);
  });
});

describe('an interruption', () => {
  it('ends the whole process group, grandchildren too, and gives the reason that the caller had', async () => {
    const folder = await temporaryFolder();
    const abort = new AbortController();
    const running = failure(run('sh', ['-c', FAMILY], { cwd: folder, signal: abort.signal }));
    const pids = await pidsIn(folder);
    expect(pids).toHaveLength(2);
    const reason = new MayflyError('interrupted', 'interrupted', 'Interrupted by SIGINT.');
    abort.abort(reason);
    expect(await running).toBe(reason);
    await allGone(pids);
  });

  it('before the start starts nothing', async () => {
    const folder = await temporaryFolder();
    const options = { cwd: folder, signal: AbortSignal.abort() };
    expect(await failure(run('touch', ['made'], options))).toMatchObject({ kind: 'interrupted' });
    await expect(readFile(join(folder, 'made'))).rejects.toThrow('ENOENT');
  });

  it('wins over the exit code that it caused', async () => {
    const abort = new AbortController();
    const script = "trap 'exit 0' TERM; echo ready; sleep 60 & wait";
    const running = run('sh', ['-c', script], { signal: abort.signal, onLine: () => abort.abort() });
    expect(await failure(running)).toMatchObject({ kind: 'interrupted', message: 'Interrupted.' });
  });
});

it('killEverything ends all that runs at this moment', async () => {
  const [first, second] = [await temporaryFolder(), await temporaryFolder()];
  const running = [first, second].map((cwd) => failure(run('sh', ['-c', FAMILY], { cwd })));
  const pids = [...(await pidsIn(first)), ...(await pidsIn(second))];
  killEverything();
  for (const error of await Promise.all(running)) expect(error.message).toContain('was killed by SIGKILL');
  await allGone(pids);
});

it('a program ends when mayfly is killed with kill -9', async () => {
  const folder = await temporaryFolder();
  const child = startNode(
    `import { run } from ${JSON.stringify(sourceUrl('process/run.ts'))};
     await run('sh', ['-c', 'echo $$ $$ >pids.new; mv pids.new pids; exec sleep 60'], { cwd: process.argv[1] });`,
    [folder],
  );
  const [pid = -1] = await pidsIn(folder);
  expect(await isGone(pid)).toBe(false);
  child.kill('SIGKILL');
  await allGone([pid]);
});
