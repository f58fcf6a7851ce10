/**
 * A shell script as data, without running it: the words of its commands, and its here-documents, with the
 * variables filled in that it sets itself. What only running it could tell is UNKNOWN (shell-expansion.ts).
 */

import { expand, expandAll, UNKNOWN } from './shell-expansion.js';

export interface ShellText {
  readonly commands: readonly (readonly string[])[];
  readonly documents: readonly string[];
}

/** @param variables what is set from outside; not changed */
export function readShell(source: string, variables: Readonly<Record<string, string>> = {}): ShellText {
  return new Reader(source, variables).read();
}

interface Pending {
  readonly end: string;
  readonly isLiteral: boolean;
  readonly stripsTabs: boolean;
}

class Reader {
  readonly #variables: Map<string, string>;
  readonly #given: ReadonlySet<string>;
  readonly #commands: string[][] = [];
  readonly #documents: string[] = [];
  readonly #pending: Pending[] = [];
  #at = 0;
  #words: string[] = [];
  #word: string | undefined;

  constructor(
    private readonly source: string,
    variables: Readonly<Record<string, string>>,
  ) {
    this.#variables = new Map(Object.entries(variables));
    this.#given = new Set(this.#variables.keys());
  }

  read(): ShellText {
    while (this.#at < this.source.length) this.#step();
    this.#endCommand();
    return { commands: this.#commands, documents: this.#documents };
  }

  #step(): void {
    const rest = this.source.slice(this.#at, this.#at + 2);
    const char = rest.charAt(0);
    if (rest === '\\\n') this.#at += 2;
    else if (char === '\\') this.#take(2, this.source.charAt(this.#at + 1));
    else if (char === "'") this.#singleQuoted();
    else if (char === '"') this.#doubleQuoted();
    else if (char === '$' || char === '`') this.#splitWords(this.#expansion());
    else if (char === '#' && this.#word === undefined) this.#skipTo('\n');
    else if (rest === '<<' && this.source.charAt(this.#at + 2) !== '<') this.#announceDocument();
    else if (char === '\n') this.#newline();
    else if (';&|(){}'.includes(char) && !(char === '{' && this.#word !== undefined)) this.#take(1);
    else if (/[ \t\r]/.test(char)) {
      this.#endWord();
      this.#at += 1;
    } else this.#take(1, char);
  }

  /** @param text undefined: what was passed ends the command */
  #take(length: number, text?: string): void {
    this.#at += length;
    if (text === undefined) this.#endCommand();
    else this.#word = (this.#word ?? '') + text;
  }

  #skipTo(end: string): void {
    const found = this.source.indexOf(end, this.#at);
    this.#at = found < 0 ? this.source.length : found;
  }

  #singleQuoted(): void {
    const start = this.#at + 1;
    this.#at = start;
    this.#skipTo("'");
    this.#word = (this.#word ?? '') + this.source.slice(start, this.#at);
    this.#at += 1;
  }

  #doubleQuoted(): void {
    this.#word ??= '';
    this.#at += 1;
    while (this.#at < this.source.length && this.source.charAt(this.#at) !== '"') {
      const char = this.source.charAt(this.#at);
      if (char === '$' || char === '`') this.#word += this.#expansion();
      else {
        const next = this.source.charAt(this.#at + 1);
        const escapes = char === '\\' && '$`"\\\n'.includes(next);
        // A newline after a backslash is nothing at all.
        this.#word += !escapes ? char : next === '\n' ? '' : next;
        this.#at += escapes ? 2 : 1;
      }
    }
    this.#at += 1;
  }

  /** What stands for a variable or a command, unquoted: blanks in it separate words. */
  #splitWords(text: string): void {
    const [first = '', ...more] = text.split(/\s+/);
    if (first !== '') this.#word = (this.#word ?? '') + first;
    for (const word of more) {
      this.#endWord();
      if (word !== '') this.#word = word;
    }
  }

  /** At `$` or a backquote; goes past it. */
  #expansion(): string {
    const { text, length } = expand(this.source, this.#at, this.#variables);
    this.#at += length;
    return text;
  }

  #announceDocument(): void {
    const match = /<<(-?)[ \t]*(['"\\]?)([A-Za-z_][A-Za-z0-9_]*)['"]?/y;
    match.lastIndex = this.#at;
    const [whole, dash, quote, end] = match.exec(this.source) ?? [];
    this.#endWord();
    this.#at += whole?.length ?? 2;
    if (end !== undefined) this.#pending.push({ end, isLiteral: quote !== '', stripsTabs: dash === '-' });
  }

  #newline(): void {
    this.#endCommand();
    this.#at += 1;
    for (let document = this.#pending.shift(); document !== undefined; document = this.#pending.shift()) {
      this.#readDocument(document);
    }
  }

  #readDocument({ end, isLiteral, stripsTabs }: Pending): void {
    const lines: string[] = [];
    while (this.#at < this.source.length) {
      const start = this.#at;
      this.#skipTo('\n');
      const line = this.source.slice(start, this.#at).replace(stripsTabs ? /^\t+/ : /^$/, '');
      this.#at += 1;
      if (line === end) break;
      lines.push(line);
    }
    const text = lines.join('\n');
    this.#documents.push(isLiteral ? text : expandAll(text, this.#variables));
  }

  #endWord(): void {
    if (this.#word !== undefined) this.#words.push(this.#word);
    this.#word = undefined;
  }

  #endCommand(): void {
    this.#endWord();
    const words = this.#words;
    this.#words = [];
    if (words.length === 0) return;
    this.#commands.push(words);
    for (const word of words) {
      if (/^(?:export|readonly|local|declare)$/.test(word)) continue;
      const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(word) ?? [];
      if (name === undefined) break;
      // It asks for what was given, by running something.
      if (this.#given.has(name) && value?.includes(UNKNOWN) === true) continue;
      this.#variables.set(name, value ?? '');
    }
  }
}
