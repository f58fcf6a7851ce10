/**
 * Locks between processes. The kernel holds them (flock(2), by way of util-linux's flock), so a
 * lock is never stale: it is gone the moment its holder is, kill -9 included. The lock file itself
 * stays and names the last holder, for the message to those who wait.
 */
import { execa } from 'execa';
import type { ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { interruption, isAborted, MayflyError } from '../errors.js';
import { deadline } from './deadline.js';
import { cleanEnvironment } from './environment.js';
import { makeFolder } from './make-folder.js';

export interface Lock extends AsyncDisposable {
  release(): Promise<void>;
}

export interface LockOptions {
  /** What the holder does, for those who wait. */
  readonly purpose: string;
  readonly signal?: AbortSignal;
  /** Called once, with the holder's own words, when somebody else holds the lock. */
  readonly onWait?: (holder: string) => void;
  /** Several readers may hold a shared lock together. Default: exclusive. */
  readonly shared?: boolean;
}

/** Exit code that flock gives when the lock is taken; any number that `cat` does not use. */
const TAKEN = 75;

/** Takes the lock, or gives undefined when somebody else holds it. */
export async function tryLock(path: string, options: LockOptions): Promise<Lock | undefined> {
  return await hold(path, options, ['--nonblock']);
}

/** Takes the lock, waiting as long as it needs. */
export async function lock(path: string, options: LockOptions): Promise<Lock> {
  const now = await tryLock(path, options);
  if (now !== undefined) return now;
  options.onWait?.((await readFile(path, 'utf8').catch(() => '')).trim());
  const later = await hold(path, options, []);
  if (later === undefined) throw new MayflyError('host', 'lock.failed', `Cannot take the lock ${path}.`);
  return later;
}

async function hold(path: string, options: LockOptions, flags: readonly string[]): Promise<Lock | undefined> {
  if (isAborted(options.signal)) throw interruption(options.signal);
  await makeFolder(dirname(path));
  const mode = options.shared === true ? '--shared' : '--exclusive';
  // Whoever waits can be interrupted. Who has the lock lets it go when all is cleaned up, and no earlier.
  using wait = deadline(undefined, options.signal);
  // `cat` ends when its standard input closes: when we release, or when we die in any way.
  const child = execa(
    'flock',
    [
      mode,
      ...flags,
      '--conflict-exit-code',
      String(TAKEN),
      '--no-fork',
      path,
      'sh',
      '-c',
      'echo held; exec cat',
    ],
    {
      env: cleanEnvironment(),
      extendEnv: false,
      reject: false,
      stdin: 'pipe',
      detached: true,
      cleanup: false,
      cancelSignal: wait.signal,
    },
  );
  const held = await Promise.race([
    new Promise<true>((resolve) => {
      child.stdout.once('data', () => resolve(true));
    }),
    child,
  ]);
  if (held !== true) {
    if (isAborted(options.signal)) throw interruption(options.signal);
    if (held.exitCode === TAKEN) return undefined;
    throw new MayflyError('host', 'lock.failed', `Cannot take the lock ${path}.`, {
      details: [held.stderr === '' ? (held.message ?? '') : held.stderr],
      hint: 'Is the folder writable, and is util-linux installed?',
    });
  }
  if (options.shared !== true) {
    // Only for those who wait: a full disk, or a file of another person's, does not make the lock worse.
    await writeFile(path, `process ${process.pid}: ${options.purpose}\n`).catch(() => undefined);
  }
  // A lock that a failure left unreleased is not to keep this process, which has nothing else to do, from its end.
  for (const handle of handlesOf(child)) handle.unref();
  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    for (const handle of handlesOf(child)) handle.ref();
    child.stdin.end();
    await child;
  };
  return { release, [Symbol.asyncDispose]: release };
}

interface Handle {
  ref(): unknown;
  unref(): unknown;
}

/** What keeps this process alive because of a child: the child itself, and its pipes. */
function handlesOf(child: ChildProcess): readonly Handle[] {
  const pipes = [child.stdin, child.stdout, child.stderr];
  return [child, ...pipes.filter((pipe) => pipe instanceof Socket)];
}
