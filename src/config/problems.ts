/** How a problem in a file is shown: where, what, the line itself, and a squiggle below the place. */

/** Offsets into the text, in UTF-16 units; `end` is the first one after. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Problem {
  readonly range: Range;
  /** `vm.memory`; empty for the file as a whole. */
  readonly field: string;
  readonly text: string;
}

/** Of a source line, how much is shown around the place. Characters. */
const WINDOW = 100;
/** More problems than this have one cause. */
const MOST_SHOWN = 50;

/** All problems in the order of the file, as lines for the details of an error. */
export function showProblems(file: string, source: string, problems: readonly Problem[]): readonly string[] {
  const sorted = [...problems].sort((a, b) => a.range.start - b.range.start);
  const lines = sorted.slice(0, MOST_SHOWN).flatMap((problem) => showProblem(file, source, problem));
  return sorted.length > MOST_SHOWN ? [...lines, `… and ${sorted.length - MOST_SHOWN} more`] : lines;
}

function showProblem(file: string, source: string, problem: Problem): readonly string[] {
  const { start, end } = problem.range;
  const lineStart = source.lastIndexOf('\n', start - 1) + 1;
  const newline = source.indexOf('\n', start);
  const line = source.slice(lineStart, newline < 0 ? undefined : newline).replace(/\r$/, '');
  const column = start - lineStart;
  const lineNumber = source.slice(0, lineStart).split('\n').length;
  // A value of several lines is marked on its first.
  const width = Math.max(1, Math.min(end, lineStart + line.length) - start);

  const from = Math.max(0, Math.min(column - WINDOW / 2, line.length - WINDOW));
  const shown = line.slice(from, from + WINDOW);
  const before = from > 0 ? '…' : '';
  const after = from + WINDOW < line.length ? '…' : '';
  const indent = ' '.repeat(before.length + column - from);
  const squiggle = '^'.repeat(Math.max(1, Math.min(width, WINDOW - (column - from))));
  const field = problem.field === '' ? '' : `${problem.field}: `;
  return [
    printable(`${file}:${lineNumber}:${column + 1}: ${field}${problem.text}`),
    `    ${before}${printable(shown)}${after}`,
    `    ${indent}${squiggle}`,
  ];
}

/** A file may hold anything; a terminal gets one visible character for each of its own. */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu, '·');
}

/** `build.environment.FOO`, `artifacts.patterns[1]` */
export function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');
}

const LONGEST_FOUND = 60;

/** What stands in the file, after "found". */
export function describeFound(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const words = typeof value === 'string' ? JSON.stringify(value) : `${value as number | boolean | bigint}`;
  return words.length > LONGEST_FOUND ? `${words.slice(0, LONGEST_FOUND)}…` : words;
}
