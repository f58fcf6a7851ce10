/** How far a box is: which part of the work runs, and what it took from the archive so far. */
import type { Report, Traffic } from '../report/events.js';
import { formatTraffic } from '../report/format.js';

/** Milliseconds between two looks at what was handed out. */
const LOOK_MS = 500;

/** What mmdebstrap says when it comes to something new; its hooks are those of rootfs.ts. In their order. */
const PHASES: readonly (readonly [RegExp, string])[] = [
  [/^I: running apt-get update/, 'package lists'],
  [/^I: downloading packages/, 'essential packages'],
  [/^I: running .* --download-only /, 'download'],
  [/^I: running .*\/mayfly-setup\/install\.sh/, 'packages'],
  [/^I: running .*\/mayfly-setup\/customize\.sh/, 'settings'],
  [/^I: running .*BUILD_USER=.*\/mayfly-setup\/postinstall/, 'basebox/postinstall'],
  [/^I: running .*\/mayfly-setup\/seal\.sh/, 'packing'],
];

/** The part of the work that begins with this line; undefined for lines that begin none. Pure. */
export function phaseOf(line: string): string | undefined {
  return PHASES.find(([pattern]) => pattern.test(line))?.[1];
}

export interface BoxProgressOptions {
  readonly report: Report;
  /** What the archive handed out since it was opened. */
  readonly traffic: () => Traffic;
  readonly expectedBytes?: number;
}

export class BoxProgress implements Disposable {
  readonly #started = performance.now();
  readonly #before: Traffic;
  readonly #timer: NodeJS.Timeout;
  #told = 0;

  constructor(private readonly options: BoxProgressOptions) {
    this.#before = options.traffic();
    this.#timer = setInterval(() => {
      this.#look();
    }, LOOK_MS);
    this.#timer.unref();
  }

  readonly begin = (name: string): void => {
    const traffic = this.#traffic();
    this.#told = traffic.bytes;
    const seconds = Math.round((performance.now() - this.#started) / 100) / 10;
    this.options.report({ type: 'phase', step: 'box', name, seconds, traffic });
  };

  /** @param line of mmdebstrap's, when it makes the root file system */
  follow(line: string): void {
    const name = phaseOf(line);
    if (name !== undefined) this.begin(name);
  }

  #look(): void {
    const traffic = this.#traffic();
    if (traffic.bytes === this.#told) return;
    this.#told = traffic.bytes;
    this.options.report({ type: 'progress', step: 'box', text: formatTraffic(traffic), traffic });
  }

  #traffic(): Traffic {
    const { traffic, expectedBytes } = this.options;
    const now = traffic();
    const bytes = now.bytes - this.#before.bytes;
    const downloaded = now.downloaded - this.#before.downloaded;
    return { bytes, downloaded, ...(expectedBytes === undefined ? {} : { expected: expectedBytes }) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
