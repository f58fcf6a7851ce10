/** Runs the real command line, as a person does, in a home of the test run's own. */
import { execa } from 'execa';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoteCommand } from '../../src/process/command-error.js';

export const PROGRAM = fileURLToPath(new URL('../../bin/mayfly.js', import.meta.url));

/** Of the whole run; scripts/integration.sh makes and removes it. */
const run = process.env['MAYFLY_TEST_FOLDER'] ?? '/var/tmp/mayfly-integration';

/** Folder of this worker: two files of tests run at once, and neither may see what the other leaves. */
export const folder = join(run, `worker-${process.env['VITEST_POOL_ID'] ?? 'first'}`);
export const home = join(folder, 'home');

/** Where the run's first base box is made (first-box.ts), and then copied from. */
export const firstHome = join(run, 'worker-first/home');

export interface Outcome {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for matching. */
  readonly all: string;
}

export interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A home of its own; for tests that look at what is stored. */
  readonly home?: string;
  /** Words before the command, and before the folder that it runs in: the way into a machine (machines.ts). */
  readonly enter?: readonly string[] | undefined;
}

/** A machine that has other work too makes a base box in three minutes. */
const TIMEOUT_MS = 8 * 60_000;

function start(args: readonly string[], options: Options) {
  const cwd = options.cwd ?? folder;
  const command = [process.execPath, PROGRAM, ...args];
  const [program = '', ...words] =
    options.enter === undefined ? command : [...options.enter, cwd, ...command];
  return execa(program, words, {
    cwd,
    env: { CI: 'true', MAYFLY_HOME: options.home ?? home, MAYFLY_TMPDIR: folder, ...options.env },
    reject: false,
    all: true,
    stdin: 'ignore',
    timeout: TIMEOUT_MS,
  });
}

export async function mayfly(args: readonly string[], options: Options = {}): Promise<Outcome> {
  const { exitCode, signal, stdout, stderr, all } = await start(args, options);
  return { exitCode, signal, stdout, stderr, all };
}

/** In a terminal, at which a person types. @returns what the terminal showed */
export async function mayflyInTerminal(
  args: readonly string[],
  typed: string,
  { cwd = folder }: Options = {},
): Promise<Outcome> {
  const command = quoteCommand([process.execPath, PROGRAM, ...args]);
  const { exitCode, signal, stdout, stderr, all } = await execa('script', ['-qec', command, '/dev/null'], {
    cwd,
    env: { MAYFLY_HOME: home, MAYFLY_TMPDIR: folder, TERM: 'xterm', SHELL: '/bin/sh' },
    input: typed,
    reject: false,
    all: true,
    timeout: TIMEOUT_MS,
  });
  return { exitCode, signal, stdout, stderr, all };
}

/** The folder of the newest build. */
export async function newestBuild(): Promise<string> {
  const builds = await readdir(join(home, 'state/builds'));
  return join(home, 'state/builds', builds.sort().at(-1) ?? '');
}

/** A command that the test goes on to disturb. */
export interface RunningCommand {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  readonly outcome: Promise<Outcome>;
  /** Settles when the text was printed; rejects when the command ends first. */
  seen(text: string): Promise<void>;
}

export function startMayfly(args: readonly string[], options: Options = {}): RunningCommand {
  const child = start(args, options);
  let printed = '';
  const watchers = new Set<() => void>();
  child.all.on('data', (chunk: Buffer | string) => {
    printed += chunk.toString();
    for (const watcher of watchers) watcher();
  });
  const outcome = child.then(({ exitCode, signal, stdout, stderr, all }) => ({
    exitCode,
    signal,
    stdout,
    stderr,
    all,
  }));
  return {
    pid: child.pid ?? -1,
    kill: (signal) => void child.kill(signal),
    outcome,
    seen: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!printed.includes(text)) return;
          watchers.delete(check);
          resolve();
        };
        watchers.add(check);
        check();
        void outcome.then(({ all }) => {
          reject(new Error(`the command ended before it printed ${JSON.stringify(text)}:\n${all}`));
        });
      }),
  };
}
