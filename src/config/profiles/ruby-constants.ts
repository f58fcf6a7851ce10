/**
 * Constants of a Ruby file, read without running it: numbers, text, arithmetic, and constants that stand
 * further up. What is anything else is left out.
 */

export type RubyValue = number | string;

const ASSIGNMENT = /^\s*([A-Z][A-Z0-9_]*)\s*(\|\|)?=(?![=~>])\s*(.+)$/;
/** Of an expression that is a setting. Characters. */
const LONGEST = 1000;
/** A number, a name, text in quotes (without `#{…}` or escapes), an operator. */
const TOKEN = /\s*(?:(\d[\d_]*(?:\.\d+)?)|([A-Z][A-Z0-9_]*)|'([^'\\]*)'|"([^"\\#]*)"|([-+*/()]))/y;

export interface RubyConstants {
  readonly values: ReadonlyMap<string, RubyValue>;
  /** Those whose value is not understood: name → expression. */
  readonly unread: ReadonlyMap<string, string>;
}

export function rubyConstants(source: string): RubyConstants {
  const values = new Map<string, RubyValue>();
  const unread = new Map<string, string>();
  for (const line of codeLines(source)) {
    const [, name, unless, expression] = ASSIGNMENT.exec(line) ?? [];
    if (name === undefined || expression === undefined) continue;
    if (unless !== undefined && (values.has(name) || unread.has(name))) continue;
    const tokens = expression.length > LONGEST ? undefined : tokensOf(expression, values);
    const value = tokens === undefined ? undefined : valueOf(tokens);
    // The last one counts, also when it is not understood.
    values.delete(name);
    unread.delete(name);
    if (value === undefined) unread.set(name, expression);
    else values.set(name, value);
  }
  return { values, unread };
}

/** Without what Ruby does not run: between =begin and =end, and behind __END__. */
function codeLines(source: string): readonly string[] {
  const lines: string[] = [];
  let isComment = false;
  for (const line of source.split(/\r?\n/)) {
    if (/^=begin(?:\s|$)/.test(line)) isComment = true;
    else if (/^=end(?:\s|$)/.test(line)) isComment = false;
    else if (isComment) continue;
    else if (line === '__END__') break;
    else lines.push(line);
  }
  return lines;
}

type Token = { readonly value: RubyValue; readonly isWhole: boolean } | { readonly operator: string };

/** Undefined when some part is not understood. */
function tokensOf(expression: string, known: ReadonlyMap<string, RubyValue>): Token[] | undefined {
  const text = expression.replace(/\s#.*$/, '').replace(/\.freeze\s*$/, '');
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const [, number, name, single, double, operator] = TOKEN.exec(text) ?? [];
    if (operator !== undefined) tokens.push({ operator });
    else if (number !== undefined) {
      // A number that begins with 0 counts in eights.
      if (/^0[\d_]/.test(number)) return undefined;
      tokens.push({ value: Number(number.replaceAll('_', '')), isWhole: !number.includes('.') });
    } else {
      const value = name === undefined ? (single ?? double) : known.get(name);
      if (value === undefined) return undefined;
      tokens.push({ value, isWhole: Number.isInteger(value) });
    }
  }
  return tokens;
}

function valueOf(tokens: readonly Token[]): RubyValue | undefined {
  const [only] = tokens;
  if (tokens.length === 1 && only !== undefined && 'value' in only) return only.value;
  return new Arithmetic(tokens).result();
}

interface Amount {
  readonly value: number;
  readonly isWhole: boolean;
}

/** Sums of products, by recursive descent. What is wrong becomes not-a-number, which spreads. */
class Arithmetic {
  #at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  result(): number | undefined {
    const { value } = this.#sum();
    return this.#at < this.tokens.length || !Number.isFinite(value) ? undefined : value;
  }

  #operator(...any: readonly string[]): string | undefined {
    const token = this.tokens[this.#at];
    if (token === undefined || !('operator' in token) || !any.includes(token.operator)) return undefined;
    this.#at += 1;
    return token.operator;
  }

  #sum(): Amount {
    let left = this.#product();
    for (let sign = this.#operator('+', '-'); sign !== undefined; sign = this.#operator('+', '-')) {
      const right = this.#product();
      const value = sign === '+' ? left.value + right.value : left.value - right.value;
      left = { value, isWhole: left.isWhole && right.isWhole };
    }
    return left;
  }

  #product(): Amount {
    let left = this.#atom();
    for (let sign = this.#operator('*', '/'); sign !== undefined; sign = this.#operator('*', '/')) {
      const right = this.#atom();
      const isWhole = left.isWhole && right.isWhole;
      const value = sign === '*' ? left.value * right.value : left.value / right.value;
      // Ruby divides whole numbers by whole numbers.
      left = { value: isWhole ? Math.floor(value) : value, isWhole };
    }
    return left;
  }

  #atom(): Amount {
    if (this.#operator('-') !== undefined) {
      const { value, isWhole } = this.#atom();
      return { value: -value, isWhole };
    }
    if (this.#operator('(') !== undefined) {
      const inner = this.#sum();
      return this.#operator(')') === undefined ? { value: NaN, isWhole: false } : inner;
    }
    const token = this.tokens[this.#at];
    this.#at += 1;
    if (token === undefined || !('value' in token) || typeof token.value !== 'number')
      return { value: NaN, isWhole: false };
    return { value: token.value, isWhole: token.isWhole };
  }
}
