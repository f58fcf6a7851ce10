/** Splits a stream of bytes into lines, however the chunks fall, and bounds what one line may hold. */
import { StringDecoder } from 'node:string_decoder';

/** A guest that never ends its line must not fill the host's memory. Characters. */
const LONGEST_LINE = 64 * 1024;

export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  push(chunk: Buffer): void {
    this.#consume(this.#decoder.write(chunk));
  }

  /** Call once, when the stream has ended: what is left is the last line. */
  end(): void {
    this.#consume(this.#decoder.end());
    if (this.#rest !== '') this.onLine(this.#rest);
    this.#rest = '';
  }

  #consume(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    while (this.#rest.length > LONGEST_LINE) {
      this.onLine(this.#rest.slice(0, LONGEST_LINE));
      this.#rest = this.#rest.slice(LONGEST_LINE);
    }
  }
}

/** Keeps the last lines of something that may be long. */
export class Tail {
  readonly #lines: string[] = [];

  constructor(private readonly limit = 20) {}

  push(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > this.limit) this.#lines.shift();
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}
