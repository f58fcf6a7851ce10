/** `--junit FILE`: the events of a command, once more, for a file that CI systems read. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Context } from '../build/context.js';
import { hostError, MayflyError, messageOf } from '../errors.js';
import type { FailureEvent } from '../report/events.js';
import { JunitCollector } from '../report/junit.js';

export interface JunitSession extends AsyncDisposable {
  readonly context: Context;
  /** Absolute; none without the flag. */
  readonly files: readonly string[];
  /** What failed before any event told of it. */
  readonly tell: (error: unknown) => void;
}

const UNFINISHED: FailureEvent = {
  type: 'failed',
  kind: 'host',
  code: 'unfinished',
  message: 'mayfly did not finish.',
  details: [],
};

function unfinished(): string {
  const collector = new JunitCollector();
  collector.report(UNFINISHED);
  return collector.xml();
}

function failureOf(error: unknown): FailureEvent {
  const known = hostError(error) ?? error;
  const { kind, code, details, hint } =
    known instanceof MayflyError ? known : { kind: 'bug', code: 'bug', details: [], hint: undefined };
  const message = messageOf(known);
  return { type: 'failed', kind, code, message, details, ...(hint === undefined ? {} : { hint }) };
}

/**
 * The file is written when the command has ended, however that was. That it can be is tried before, so that
 * no build is lost to a slip of the fingers.
 * @throws MayflyError `junit.file` (usage)
 */
export async function openJunit(file: string | undefined, context: Context): Promise<JunitSession> {
  if (file === undefined)
    return { context, files: [], tell: () => undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  const path = resolve(context.cwd, file);
  const collector = new JunitCollector();
  try {
    await mkdir(dirname(path), { recursive: true });
    // A mayfly that is killed writes no other.
    await writeFile(path, unfinished());
  } catch (error) {
    throw new MayflyError('usage', 'junit.file', `${path} cannot be written: ${messageOf(error)}.`, {
      hint: 'Name another file: --junit FILE.',
      cause: error,
    });
  }
  return {
    files: [path],
    context: {
      ...context,
      report: (event) => {
        collector.report(event);
        context.report(event);
      },
    },
    tell: (error) => {
      if (!collector.isOver) collector.report(failureOf(error));
    },
    // An error here would hide the one of the build.
    async [Symbol.asyncDispose]() {
      try {
        if (!collector.isOver) collector.report(UNFINISHED);
        await writeFile(path, collector.xml());
      } catch (error) {
        const text = `${path} is not complete: ${messageOf(error)}.`;
        context.report({ type: 'notice', level: 'warning', text });
      }
    },
  };
}
