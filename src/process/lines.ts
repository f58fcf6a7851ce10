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
    if (this.#rest !== '') this.#emit(this.#rest);
    this.#rest = '';
  }

  #consume(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#emit(line);
    this.#rest = this.#pieces(this.#rest);
  }

  #emit(line: string): void {
    const last = this.#pieces(line);
    this.onLine(last.endsWith('\r') ? last.slice(0, -1) : last);
  }

  /** Hands out all but the last piece of a line that is too long. @returns the last piece */
  #pieces(line: string): string {
    let rest = line;
    while (rest.length > LONGEST_LINE) {
      this.onLine(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
    return rest;
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
