/** The disk tools, made beside something else: while a box configures its packages, which keeps one processor busy. */
import type { SourceFile } from './store.js';
import { ensureTools, type ToolsJob, type ToolsRoot } from './tools.js';

export interface ToolsAside extends AsyncDisposable {
  /** From now on, unless it is at it. Nobody else may take files of the archive meanwhile: they would count as its own. */
  begin(): void;
  readonly isAtWork: boolean;
  /** When it is not at work, however that came about. */
  settled(): Promise<void>;
  /** The tools; they are begun where they were not. */
  take(): Promise<ToolsRoot>;
  /** Of all that the archive served so far, what was not for the tools. */
  others(): readonly SourceFile[];
}

/** What is unfinished when it is disposed of is stopped. */
export function toolsAside(job: ToolsJob): ToolsAside {
  const stop = new AbortController();
  const signal = AbortSignal.any([job.signal, stop.signal]);
  let making: Promise<ToolsRoot> | undefined;
  let isAtWork = false;
  /** Places in what the archive served. */
  const span = { from: 0, to: 0 };
  const make = async (): Promise<ToolsRoot> => {
    isAtWork = true;
    span.from = job.served().length;
    try {
      return await ensureTools({ ...job, signal });
    } finally {
      span.to = job.served().length;
      isAtWork = false;
    }
  };
  const take = (): Promise<ToolsRoot> => (making ??= make());
  const settled = async (): Promise<void> => {
    await making?.catch(() => undefined);
  };
  return {
    begin: () => {
      // What goes wrong is told to who takes the tools.
      take().catch(() => undefined);
    },
    get isAtWork() {
      return isAtWork;
    },
    settled,
    take,
    others: () => {
      const all = job.served();
      return [...all.slice(0, span.from), ...all.slice(span.to)];
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await settled();
    },
  };
}
