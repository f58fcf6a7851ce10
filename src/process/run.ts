/**
 * The only room that starts programs. `run` waits for one to end; `service` (service.ts) keeps one.
 *
 * Every program gets an argument vector (never a shell string), a clean environment, no standard
 * input unless given, a process group of its own (so that Ctrl-C in the terminal reaches mayfly
 * only), and the kernel's promise to end it when mayfly dies (PR_SET_PDEATHSIG, by way of setpriv).
 */
import { execa, type Options } from 'execa';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { interruption, isAborted } from '../errors.js';
import { noteChild, signalGroup, signalProcess } from './children.js';
import { CommandError, notInstalled } from './command-error.js';
import { cleanEnvironment } from './environment.js';
import { LineSplitter, Tail } from './lines.js';

export type DeathSignal = 'TERM' | 'KILL';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the clean environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  /** A file that the program reads as its standard input. */
  readonly inputFile?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds; none by default. */
  readonly timeoutMs?: number;
  /** Called for each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** False when the output is long and `onLine` is enough. Default true. */
  readonly capture?: boolean;
  /** Exit codes that are answers, not failures. Default: 0 only. */
  readonly accept?: readonly number[];
  /** 'inherit' hands over the terminal: for an interactive ssh only. */
  readonly stdio?: 'inherit';
  /** A file that receives stdout instead of us. */
  readonly stdoutFile?: string;
  /** Sent by the kernel when mayfly dies. Default TERM; programs that ignore it get KILL. */
  readonly deathSignal?: DeathSignal;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly durationMs: number;
}

/** Between asking a program to end and killing it. Milliseconds. */
const KILL_AFTER_MS = 5000;
/** Bytes of stdout or stderr that one program may hand back; more is an error of the caller. */
const MAX_CAPTURE = 256 * 1024 * 1024;

const TIE = 'setpriv';

/** The full path of a program, or undefined when PATH has none. Asked before each program, so it waits for nobody. */
export function which(program: string, env: Record<string, string> = cleanEnvironment()): string | undefined {
  if (program.includes('/')) return isExecutable(program) ? program : undefined;
  return (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The vector that really runs: the program tied to our life. */
export function tied(
  path: string,
  args: readonly string[],
  deathSignal: DeathSignal,
): readonly [string, string[]] {
  return [TIE, ['--pdeathsig', deathSignal, '--', path, ...args]];
}

/** @throws CommandError when the host lacks setpriv, which every vector of ours begins with */
export function requireTie(env: Record<string, string>, cwd: string): void {
  if (which(TIE, env) !== undefined) return;
  throw notInstalled([TIE], cwd);
}

/**
 * Runs a program to its end.
 * @throws CommandError when it is not installed, exits with a code that `accept` does not name, is killed, or times out
 * @throws MayflyError of kind `interrupted` when `signal` ended it
 */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const cwd = options.cwd ?? process.cwd();
  const env = cleanEnvironment(options.env);
  const command = [program, ...args];
  if (isAborted(options.signal)) throw interruption(options.signal);
  const path = which(program, env);
  requireTie(env, cwd);
  const started = performance.now();
  const elapsed = (): number => Math.round(performance.now() - started);
  const failure = {
    command,
    cwd,
    exitCode: undefined,
    signal: undefined,
    timedOut: false,
    notFound: false,
    tail: [],
  };
  if (path === undefined) throw notInstalled(command, cwd);
  const [file, vector] = tied(path, args, options.deathSignal ?? 'TERM');
  const child = execa(file, vector, {
    cwd,
    env,
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    detached: options.stdio !== 'inherit',
    cleanup: false,
    encoding: 'utf8',
    maxBuffer: MAX_CAPTURE,
    buffer: options.capture ?? true,
    ...standardStreams(options),
  });
  noteChild(child.pid, child);
  const tails = { stdout: new Tail(), stderr: new Tail() };
  for (const stream of ['stdout', 'stderr'] as const) {
    const splitter = new LineSplitter((line) => {
      tails[stream].push(line);
      options.onLine?.(line, stream);
    });
    child[stream]?.on('data', (chunk: Buffer | string) => {
      splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    });
    child[stream]?.on('end', () => {
      splitter.end();
    });
  }

  const deadline = new AbortController();
  // One that has the terminal is in our own process group: it is signalled alone.
  const killer = new Killer(child.pid, options.stdio === 'inherit' ? signalProcess : signalGroup);
  const stop = (): void => {
    killer.kill();
    // An ssh that shares a connection has handed its output on to the master, which keeps it open.
    const letGo = (): void => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    if (child.exitCode !== null || child.signalCode !== null) letGo();
    else child.once('exit', letGo);
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          deadline.abort();
          stop();
        }, options.timeoutMs);
  try {
    const result = await child;
    if (isAborted(options.signal)) throw interruption(options.signal);
    const exitCode = result.exitCode;
    const timedOut = isAborted(deadline.signal);
    if (!timedOut && exitCode !== undefined && (options.accept ?? [0]).includes(exitCode)) {
      return { stdout: text(result.stdout), stderr: text(result.stderr), exitCode, durationMs: elapsed() };
    }
    const tail = tails.stderr.lines.length > 0 ? tails.stderr.lines : tails.stdout.lines;
    throw new CommandError({
      ...failure,
      exitCode,
      signal: result.signal,
      timedOut,
      tail: exitCode === undefined && result.signal === undefined ? [...tail, result.message ?? ''] : tail,
      durationMs: elapsed(),
    });
  } finally {
    clearTimeout(timer);
    killer.done();
    options.signal?.removeEventListener('abort', stop);
  }
}

function standardStreams(options: RunOptions): Options {
  if (options.stdio === 'inherit') return { stdio: 'inherit' };
  const stdout = options.stdoutFile === undefined ? ('pipe' as const) : { file: options.stdoutFile };
  if (options.inputFile !== undefined) return { stdin: { file: options.inputFile }, stdout, stderr: 'pipe' };
  if (options.input === undefined) return { stdin: 'ignore', stdout, stderr: 'pipe' };
  return { input: options.input, stdout, stderr: 'pipe' };
}

function text(output: unknown): string {
  return typeof output === 'string' ? output : '';
}

/** Ends a process group, or one process: asks first, kills after a while. */
class Killer {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly pid: number | undefined,
    private readonly send: typeof signalGroup,
  ) {}

  kill(): void {
    this.send(this.pid, 'SIGTERM');
    this.#timer = setTimeout(() => {
      this.send(this.pid, 'SIGKILL');
    }, KILL_AFTER_MS);
  }

  done(): void {
    clearTimeout(this.#timer);
  }
}
