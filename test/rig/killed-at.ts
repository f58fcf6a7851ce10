/**
 * A process that is killed with SIGKILL at one step of what it does to files: before or after the n-th
 * `rename`, `rm` or `link`, or when half of the n-th piece of a file is written. So each moment is met
 * at every run, however busy the machine is.
 */
import { startNode } from './node-child.js';

export interface Moment {
  readonly step: 'rename' | 'rm' | 'link' | 'write';
  /** Counted from 1, among steps below the folder. */
  readonly nth: number;
  /** Of a write it is always the middle. */
  readonly when?: 'before' | 'after';
}

/** Wraps the functions of node:fs/promises; modules that are imported later use them. */
const prelude = (folder: string, { step, nth, when = 'before' }: Moment): string => `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const [folder, step, nth, when] = ${JSON.stringify([folder, step, nth, when])};
  const real = { ...fs.promises };
  let count = 0;
  const isNext = (path) => String(path).startsWith(folder) && ++count === nth;
  const die = () => {
    fs.writeSync(1, 'killed\\n');
    process.kill(process.pid, 'SIGKILL');
  };
  if (step !== 'write') {
    fs.promises[step] = async (...args) => {
      const isTheOne = isNext(args[0]);
      if (isTheOne && when === 'before') die();
      const result = await real[step](...args);
      if (isTheOne) die();
      return result;
    };
  } else {
    fs.promises.open = async (path, ...more) => {
      const handle = await real.open(path, ...more);
      const write = handle.writeFile.bind(handle);
      handle.writeFile = async (piece) => {
        if (!isNext(path)) return await write(piece);
        await write(piece.subarray(0, piece.length / 2));
        die();
      };
      return handle;
    };
  }
  syncBuiltinESMExports();
`;

/** A process that has begun, and waits to be let go. */
export interface Doomed {
  /** @throws Error when it ended, or failed, before the moment came */
  go(): Promise<void>;
}

/**
 * Begins a process that dies at that moment. It takes a second to begin: several may do so at a time.
 * @param folder steps elsewhere do not count
 * @param load imports what is needed @param code what it does when it is let go
 */
export function doomed(
  folder: string,
  moment: Moment,
  { load, code, args }: { readonly load: string; readonly code: string; readonly args: readonly string[] },
): Doomed {
  const wait = 'for await (const _ of process.stdin);';
  const child = startNode([prelude(folder, moment), load, wait, code].join('\n'), args);
  return {
    async go() {
      child.go();
      const line = await child.firstLine;
      await child.ended;
      if (line !== 'killed') throw new Error(`the process went on: ${line}`);
    },
  };
}
