/** Where measurements work: one folder with a mayfly home of its own, and the command line as a person runs it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveHome, vmsFolder, type Home } from '../src/paths.js';
import { run, type RunOptions, type RunResult } from '../src/process/run.js';
import { makeScratch, publicScratchParent, removeTree } from '../src/process/scratch.js';
import { listVms, reapVm } from '../src/vm/registry.js';
import { startRelay, type Relay } from './relay.js';

export const PROGRAM = fileURLToPath(new URL('../bin/mayfly.js', import.meta.url));

/** Milliseconds. A command that takes longer has hung. */
const COMMAND_MS = 10 * 60_000;

export interface CommandOptions extends RunOptions {
  /** Words before the folder and the command, which run it in another machine. */
  readonly enter?: readonly string[] | undefined;
}

export interface Setting extends AsyncDisposable {
  readonly folder: string;
  readonly runs: number;
  readonly signal: AbortSignal;
  readonly home: Home;
  /** From now on commands have a home in which nothing is cached; the one before is removed. */
  freshHome(): Promise<void>;
  /** Runs the built command line. What `options.env` names comes before the bench's own settings. */
  mayfly(args: readonly string[], options: CommandOptions): Promise<RunResult>;
  /** One for all sections, so that what a home took through it stays within reach. */
  relay(): Promise<Relay>;
  /** Ends every VM of the home: each by the pid that its record names. */
  endVms(): Promise<void>;
  /** Tells a person how far it is. */
  say(text: string): void;
}

/** The folder is one of mayfly's own scratch folders: when this process is killed, the next mayfly removes it. */
export async function openSetting(runs: number, signal: AbortSignal): Promise<Setting> {
  const scratch = await makeScratch(publicScratchParent(), 0o755);
  const folder = scratch.path;
  let count = 0;
  let relay: Promise<Relay> | undefined;
  const homePath = (): string => join(folder, `home-${count}`);
  const home = (): Home => resolveHome({ MAYFLY_HOME: homePath() });
  const endVms = async (): Promise<void> => {
    for (const vm of await listVms(vmsFolder(home()))) await reapVm(vm);
  };
  return {
    folder,
    runs,
    signal,
    get home() {
      return home();
    },
    async freshHome() {
      await endVms();
      await removeTree(homePath());
      count += 1;
    },
    mayfly(args, { enter, ...options }) {
      const command = [process.execPath, PROGRAM, ...args];
      const [program = '', ...words] =
        enter === undefined ? command : [...enter, options.cwd ?? '/', ...command];
      return run(program, words, {
        timeoutMs: COMMAND_MS,
        signal,
        ...options,
        env: {
          CI: 'true',
          MAYFLY_HOME: homePath(),
          MAYFLY_TMPDIR: folder,
          MAYFLY_ACCELERATOR: process.env['MAYFLY_ACCELERATOR'],
          ...options.env,
        },
      });
    },
    relay: () => (relay ??= startRelay(signal)),
    endVms,
    say: (text) => void process.stderr.write(`bench: ${text}\n`),
    async [Symbol.asyncDispose]() {
      await endVms();
      await (await relay?.catch(() => undefined))?.[Symbol.asyncDispose]();
      await scratch.remove();
    },
  };
}

/** Seconds that the work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
