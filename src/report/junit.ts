/**
 * A build as JUnit XML, which CI systems show as tests: one test case a step, and one an artifact that came out whole;
 * in the form that Jenkins's JUnit plug-in, GitLab and others read (testsuite, testcase, failure, skipped, system-out).
 * Made from the same events as everything else. Pure.
 */
import { STEPS, type FailureEvent, type MayflyEvent, type StepName } from './events.js';
import { sanitizeLine } from './sanitize.js';

/** Lines of the failed step's output that are kept: its end tells why. */
const LAST_LINES = 200;

/** Remembers of a stream of events what the file needs. */
export class JunitCollector {
  readonly #steps = new Map<StepName, { readonly seconds: number; readonly failed: boolean }>();
  readonly #artifacts: Extract<MayflyEvent, { type: 'artifact' }>[] = [];
  readonly #output: string[] = [];
  #step: StepName | undefined;
  #hasFailed = false;
  #name = 'build';
  #failure: FailureEvent | undefined;
  #seconds = 0;
  #isOver = false;

  readonly report = (event: MayflyEvent): void => {
    switch (event.type) {
      case 'build-started':
        this.#name = `${event.project} ${event.ref}`;
        break;
      case 'step-started':
        // A later step does not hide what the failed one said.
        if (this.#hasFailed) break;
        this.#output.length = 0;
        this.#step = event.step;
        break;
      case 'output':
        if (event.step !== this.#step || this.#hasFailed) break;
        if (this.#output.length >= LAST_LINES) this.#output.shift();
        this.#output.push(event.line);
        break;
      case 'step-finished': {
        const before = this.#steps.get(event.step);
        this.#steps.set(event.step, {
          seconds: (before?.seconds ?? 0) + event.seconds,
          failed: before?.failed === true || event.outcome === 'failed',
        });
        this.#hasFailed ||= event.outcome === 'failed';
        break;
      }
      case 'failed':
        this.#failure = event;
        this.#isOver = true;
        break;
      case 'build-finished':
        this.#isOver = true;
        this.#seconds = event.seconds;
        break;
      case 'phase':
      case 'progress':
      case 'notice':
      case 'reaped':
        break;
      case 'artifact':
        this.#artifacts.push(event);
        break;
    }
  };

  /** Whether the end was told, good or bad. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The whole file. */
  xml(): string {
    const failed = STEPS.filter((step) => this.#steps.get(step)?.failed === true);
    // What failed before any step, or between two of them, must be seen too.
    const outside = this.#failure !== undefined && failed.length === 0;
    const skipped = STEPS.filter((step) => !this.#steps.has(step));
    const counts = {
      name: this.#name,
      tests: STEPS.length + this.#artifacts.length + (outside ? 1 : 0),
      failures: failed.length + (outside ? 1 : 0),
      errors: 0,
      skipped: skipped.length,
      time: this.#seconds,
    };
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      element('testsuites', counts, [
        element('testsuite', counts, [
          ...STEPS.map((step) => this.#testCase(step, step === failed[0])),
          ...this.#artifacts.map(({ name, bytes, sha256 }) =>
            element('testcase', { name, classname: 'mayfly.artifacts', time: 0 }, [
              element('system-out', {}, [`${bytes} bytes, SHA-256 ${sha256}`]),
            ]),
          ),
          ...(outside
            ? [element('testcase', { name: 'mayfly', ...CLASS, time: 0 }, this.#whatFailed())]
            : []),
        ]),
      ]),
      '',
    ].join('\n');
  }

  #testCase(step: StepName, isFirst: boolean): string {
    const seen = this.#steps.get(step);
    const attributes = { name: step, ...CLASS, time: seen?.seconds ?? 0 };
    if (seen === undefined) return element('testcase', attributes, ['<skipped/>']);
    if (!seen.failed) return element('testcase', attributes, []);
    if (!isFirst)
      return element('testcase', attributes, [element('failure', { message: `${step} failed` }, [])]);
    return element('testcase', attributes, this.#whatFailed());
  }

  #whatFailed(): readonly string[] {
    const { code, message, hint, details } = this.#failure ?? UNKNOWN_FAILURE;
    const text = [message, ...details, ...(hint === undefined ? [] : [hint])];
    const output = this.#output.map(sanitizeLine);
    return [
      element('failure', { type: code, message }, [text.map(sanitizeLine).map(escape).join('\n')]),
      ...(output.length === 0 ? [] : [element('system-out', {}, [output.map(escape).join('\n')])]),
    ];
  }
}

const CLASS = { classname: 'mayfly.build' } as const;

const UNKNOWN_FAILURE: Pick<FailureEvent, 'code' | 'message' | 'hint' | 'details'> = {
  code: 'failed',
  message: 'The step failed.',
  details: [],
};

type Attributes = Readonly<Record<string, string | number>>;

function element(name: string, attributes: Attributes, content: readonly string[]): string {
  const words = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escape(sanitizeLine(String(value).replaceAll(/\s+/g, ' ')))}"`,
  );
  const open = `<${name}${words.join('')}`;
  return content.length === 0 ? `${open}/>` : `${open}>${content.join('\n')}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** XML 1.0, section 2.2: what is no character there, lone halves of pairs included, cannot even be escaped. */
function escape(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
    .replaceAll(/[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
}
