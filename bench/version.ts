/** What mayfly costs before it does anything: `mayfly --version` beside Node.js itself. */
import { spawnSync } from 'node:child_process';
import { throwIfAborted } from '../src/errors.js';
import type { SectionResult } from './result.js';
import { PROGRAM, type Setting } from './setting.js';
import { median } from './statistics.js';

/** Cheap enough for a fixed number, whatever --runs says. */
const RUNS = 20;
const VERSION = [PROGRAM, '--version'];
const HELP = [PROGRAM, '--help'];
const NOTHING = ['-e', '0'];

export function measureVersion(setting: Setting): Promise<SectionResult> {
  const mayfly: number[] = [];
  const help: number[] = [];
  const node: number[] = [];
  // Once each before anything counts: the files are then in the host's memory.
  for (const args of [VERSION, HELP, NOTHING]) start(args);
  for (let run = 0; run < RUNS; run += 1) {
    throwIfAborted(setting.signal);
    mayfly.push(start(VERSION));
    node.push(start(NOTHING));
    help.push(start(HELP));
  }
  return Promise.resolve({
    name: 'version',
    measures: [
      { title: 'mayfly --version', seconds: mayfly },
      { title: 'node -e 0', seconds: node },
      { title: 'mayfly --help', seconds: help },
    ],
    comparisons: [
      {
        title: 'mayfly --version / node -e 0',
        value: median(mayfly) / median(node),
        unit: 'x',
        aim: 'most',
        limit: 2.5,
      },
    ],
    notes: ['bin/mayfly.js answers --version by itself; --help shows what loading the command line costs.'],
  });
}

/** Plain spawn and nothing else: what ties a program to our life would count on both sides. @returns seconds */
function start(args: readonly string[]): number {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore', timeout: 60_000 });
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed`);
  return seconds;
}
