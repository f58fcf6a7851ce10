/**
 * The journal of one operation: every event goes to events.jsonl the moment it happens, output of
 * the guest's scripts also to plain logs, so that no log is lost however mayfly ends.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { buildFiles } from '../../paths.js';
import type { MayflyEvent, Report, StepName, StepOutcome } from '../../report/events.js';

export interface JournalStep {
  readonly name: StepName;
  readonly outcome: StepOutcome;
  readonly seconds: number;
}

export class Journal implements Disposable {
  readonly #events: number;
  readonly #build: number;
  readonly #provision: number;
  readonly steps: JournalStep[] = [];

  #isBroken = false;

  /** @param onBroken told, once, that a log could not be written: the disk is full */
  constructor(
    readonly folder: string,
    private readonly report: Report,
    private readonly onBroken: (error: unknown) => void = () => undefined,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const append = (name: string): number => openSync(join(folder, name), 'a', 0o600);
    this.#events = append(buildFiles.events);
    this.#build = append(buildFiles.log);
    this.#provision = append(buildFiles.provisionLog);
  }

  readonly tell = (event: MayflyEvent): void => {
    this.#write(this.#events, JSON.stringify({ time: new Date().toISOString(), ...event }));
    if (event.type === 'output') {
      if (event.step === 'build') this.#write(this.#build, event.line);
      if (event.step === 'provision') this.#write(this.#provision, event.line);
    }
    if (event.type === 'step-finished')
      this.steps.push({ name: event.step, outcome: event.outcome, seconds: event.seconds });
    this.report(event);
  };

  /** Never throws: it is called where output arrives, and nobody could catch it there. */
  #write(file: number, line: string): void {
    try {
      writeSync(file, `${line}\n`);
    } catch (error) {
      if (this.#isBroken) return;
      this.#isBroken = true;
      this.onBroken(error);
    }
  }

  /** Runs one step and tells of its beginning and end. `work` may say that it reused something. */
  async step<T>(name: StepName, title: string, work: (say: StepVoice) => Promise<T>): Promise<T> {
    const started = performance.now();
    let outcome: StepOutcome = 'ok';
    let summary: string | undefined;
    this.tell({ type: 'step-started', step: name, title });
    try {
      return await work({
        reused: () => (outcome = 'reused'),
        summary: (text) => (summary = text),
        output: (line, stream) => this.tell({ type: 'output', step: name, stream, line }),
        progress: (text) => this.tell({ type: 'progress', step: name, text }),
      });
    } catch (error) {
      outcome = 'failed';
      throw error;
    } finally {
      const seconds = Math.round((performance.now() - started) / 10) / 100;
      this.tell({
        type: 'step-finished',
        step: name,
        outcome,
        seconds,
        ...(summary === undefined ? {} : { summary }),
      });
    }
  }

  [Symbol.dispose](): void {
    for (const file of [this.#events, this.#build, this.#provision]) closeSync(file);
  }
}

/** What a step may say about itself while it runs. */
export interface StepVoice {
  readonly reused: () => void;
  readonly summary: (text: string) => void;
  readonly output: (line: string, stream: 'stdout' | 'stderr') => void;
  readonly progress: (text: string) => void;
}
