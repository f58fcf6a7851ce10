/**
 * One run of a command: its context, its renderer, and what Ctrl-C does. The first Ctrl-C stops the
 * work and cleans up; the second ends everything at once, and the next build, `vm up`, `box create` or `clean` reaps the rest.
 */
import { isatty } from 'node:tty';
import type { Context } from '../build/context.js';
import { MayflyError } from '../errors.js';
import { resolveHome } from '../paths.js';
import { killEverything } from '../process/children.js';
import { isCi } from '../report/colors.js';
import type { Report } from '../report/events.js';
import { jsonLinesReport, plainReport, type Verbosity } from '../report/plain.js';
import { terminalReport } from '../report/terminal.js';

export interface GlobalOptions {
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export interface Session extends Disposable {
  readonly context: Context;
}

/** @param events true when `--json` means a stream of events, and not one answer at the end */
export function openSession(options: GlobalOptions, events: boolean): Session {
  const abort = new AbortController();
  let interrupts = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    interrupts += 1;
    if (interrupts === 1) {
      process.stderr.write('\nStopping, and cleaning up. Once more to end at once.\n');
      abort.abort(new MayflyError('interrupted', 'interrupted', `Interrupted by ${signal}.`));
    } else {
      killEverything();
      process.exit(130);
    }
  };
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, onSignal);
  const renderer = makeRenderer(options, events);
  return {
    context: {
      home: resolveHome(),
      cwd: process.cwd(),
      env: process.env,
      report: renderer.report,
      signal: abort.signal,
    },
    [Symbol.dispose]() {
      for (const signal of signals) process.removeListener(signal, onSignal);
      renderer[Symbol.dispose]();
    },
  };
}

function makeRenderer(options: GlobalOptions, events: boolean): { readonly report: Report } & Disposable {
  const verbosity: Verbosity =
    options.quiet === true ? 'quiet' : options.verbose === true ? 'verbose' : 'normal';
  const stderr = (text: string): void => void process.stderr.write(text);
  const none = { [Symbol.dispose]: () => undefined };
  if (options.json === true && events)
    return { report: jsonLinesReport((text) => void process.stdout.write(text)), ...none };
  if (isInteractive(process.env, isatty(2))) return terminalReport(process.stderr, verbosity);
  return { report: plainReport(stderr, verbosity), ...none };
}

/** A person sits at a terminal: no CI, no Jenkins, not redirected. Pure. */
export function isInteractive(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  return isTerminal && !isCi(env) && env['TERM'] !== 'dumb';
}
