/** A process that does nothing, for tests that look at processes. */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from './eventually.js';

export interface Sleeper {
  readonly pid: number;
  /** Ends it, and waits until it is gone. */
  kill(): Promise<void>;
}

/**
 * @param name what the kernel calls the process
 * @param options cwd: where it stands; zombie: the process ends at once, and its parent does not take note
 */
export async function spawnSleep(
  name = 'sleep',
  options: { zombie?: boolean; cwd?: string } = {},
): Promise<Sleeper> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-sleeper-'));
  const program = join(folder, name);
  await copyFile('/bin/sleep', program);
  const [file, args] =
    options.zombie === true
      ? // After exec the parent is `sleep`, which never waits for its child.
        // The child outlasts the exec: a shell would note its end.
        ['sh', ['-c', 'sleep 0.5 & echo $! >"$0"; exec sleep 60', join(folder, 'pid')]]
      : [program, ['60']];
  const child = spawn(file, args, { stdio: 'ignore', detached: true, cwd: options.cwd });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  const state = (pid: number): Promise<string> => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  if (options.zombie !== true) {
    await eventually('exec is done', async () =>
      (await state(child.pid ?? -1)).includes(`(${name.slice(0, 15)})`),
    );
    return { pid: child.pid ?? -1, kill };
  }
  let pid = -1;
  await eventually('there is a zombie', async () => {
    pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => '-1'));
    return (await state(pid)).includes(') Z ');
  });
  return { pid, kill };
}
