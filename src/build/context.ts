/** What every operation gets from its caller: where things are, whom to tell, and when to stop. */
import type { Home } from '../paths.js';
import type { Report } from '../report/events.js';

export interface Context {
  readonly home: Home;
  /** Folder in which the person typed the command. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly report: Report;
  /** Fires on the first Ctrl-C: stop, clean up, and say so. */
  readonly signal: AbortSignal;
}
