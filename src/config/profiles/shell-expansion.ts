/** What stands for a variable or a command in a shell script, without running anything. */

/** Stands for what is not known: no shell script has it, and YAML may. */
export const UNKNOWN = '\ufffd';

type Variables = ReadonlyMap<string, string>;

/** A text with everything in it filled in, as a here-document is. */
export function expandAll(text: string, variables: Variables): string {
  let result = '';
  for (let at = 0; at < text.length;) {
    const char = text.charAt(at);
    if (char === '\\' && '$`\\'.includes(text.charAt(at + 1))) {
      result += text.charAt(at + 1);
      at += 2;
    } else if (char === '$' || char === '`') {
      const { text: value, length } = expand(text, at, variables);
      result += value;
      at += length;
    } else {
      result += char;
      at += 1;
    }
  }
  return result;
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`, `$(command)`, or a command in backquotes. */
export function expand(source: string, at: number, variables: Variables): { text: string; length: number } {
  const here = source.slice(at);
  if (here.startsWith('$(')) return { text: UNKNOWN, length: closing(here, 1, '(', ')') };
  if (here.startsWith('`')) {
    const end = here.indexOf('`', 1);
    return { text: UNKNOWN, length: end < 0 ? here.length : end + 1 };
  }
  const braced = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^}]*))?\}/.exec(here);
  const plain = /^\$([A-Za-z_][A-Za-z0-9_]*)/.exec(here);
  const [whole, name, fallback] = braced ?? plain ?? [];
  if (whole !== undefined && name !== undefined) {
    const value = variables.get(name);
    const text = value === undefined || value === '' ? (fallback ?? value ?? UNKNOWN) : value;
    return { text, length: whole.length };
  }
  if (here.startsWith('${')) return { text: UNKNOWN, length: closing(here, 1, '{', '}') };
  const special = /^\$[0-9@*#?$!-]/.exec(here);
  return special === null ? { text: '$', length: 1 } : { text: UNKNOWN, length: 2 };
}

/** Where the bracket that opens at `from` closes. */
function closing(text: string, from: number, open: string, close: string): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text.charAt(at) === open) depth += 1;
    if (text.charAt(at) === close) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}
