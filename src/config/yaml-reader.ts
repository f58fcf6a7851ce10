/**
 * YAML text → plain value, with the place of everything in it. Bounded: no file can make us expand
 * aliases without end. Every key is a word; a key with nothing after it is the same as no key.
 */
import { isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';
import type { Problem, Range } from './problems.js';
import { describeFound, fieldName } from './problems.js';
import { DEEPER, wordSyntax } from './yaml-wording.js';

interface Place {
  /** Of the key, when it has one. */
  readonly key: Range | undefined;
  readonly value: Range;
  readonly content: unknown;
}

export interface Reading {
  /** Undefined for an empty file. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** True when the text is no YAML: then the value means nothing. */
  readonly broken: boolean;
  readonly placeOf: (path: readonly PropertyKey[]) => Place | undefined;
}

type Path = readonly (string | number)[];

/** Below these keys values are text as it is written: `FOO: 1.10` is not 1.1, `dateoffset: +7` not 7. */
export type IsText = (path: Path) => boolean;

/** Values in one file, aliases expanded; a real file has a hundred. */
const MOST_VALUES = 10_000;
/** Finding the anchor of each means a walk through the whole file. */
const MOST_ALIASES = 100;
/** A real file has four levels. */
const DEEPEST = 32;

const placeKey = (path: readonly PropertyKey[]): string => JSON.stringify(path.map(String));

export function readYaml(source: string, isText: IsText): Reading {
  // The schema is named, or a `%YAML 1.1` directive would bring in its own, where `no` is false.
  const options = { version: '1.2', schema: 'core', merge: false, prettyErrors: false } as const;
  const document = parseDocument(source, options);
  const mistakes = [...document.errors, ...document.warnings];
  if (mistakes.length > 0) return nothing(problemsOfSyntax(document, mistakes, source));
  return convert(document, isText, { start: 0, end: source.length });
}

function problemsOfSyntax(
  document: Document.Parsed,
  mistakes: readonly YAMLError[],
  source: string,
): readonly Problem[] {
  // The parser takes the lines from there to the next colon for one key.
  const runsOn = (at: number): boolean =>
    mistakes.some(({ code, pos }) => code === 'MULTILINE_IMPLICIT_KEY' && pos[0] === at);
  const problems = mistakes.map(({ pos: [at, end], code, message }) => {
    const start = message.startsWith('Missing closing') ? openQuote(document, at) : at;
    // The parser marks one character of a word.
    const width = /^[\w-]*/.exec(source.slice(start))?.[0].length ?? 0;
    return {
      range: { start, end: start === at ? Math.max(end, start + width) : start + 1 },
      field: '',
      text:
        code === 'BLOCK_AS_IMPLICIT_KEY' && runsOn(at) ? DEEPER : wordSyntax(code, message, source.slice(at)),
    };
  });
  // Where the parser gave up, what it says about the rest is noise.
  const gaveUp = mistakes.findIndex(({ code }) => code === 'RESOURCE_EXHAUSTION');
  return gaveUp < 0 ? firstOfLines(problems, source) : problems.slice(gaveUp, gaveUp + 1);
}

/** Where a quote begins that ends nowhere: the parser marks the end of the file. */
function openQuote(document: Document.Parsed, end: number): number {
  let last = end;
  visit(document, {
    Scalar: (_, { type, range }) => {
      if (type?.startsWith('QUOTE') === true && range != null && range[1] >= end) last = range[0];
    },
  });
  return last;
}

/** One slip makes the parser stumble again and again over the same line. */
function firstOfLines(problems: readonly Problem[], source: string): readonly Problem[] {
  const lineOf = ({ range }: Problem): number => source.lastIndexOf('\n', range.start - 1);
  const first = new Map<number, Problem>();
  for (const problem of problems) if (!first.has(lineOf(problem))) first.set(lineOf(problem), problem);
  return [...first.values()];
}

function nothing(problems: readonly Problem[]): Reading {
  return { value: undefined, problems, broken: true, placeOf: () => undefined };
}

function convert(document: Document.Parsed, isText: IsText, whole: Range): Reading {
  const problems: Problem[] = [];
  const places = new Map<string, Place>();
  let values = 0;
  let aliases = 0;
  let broken = false;

  const rangeOf = (node: Node | null): Range | undefined =>
    node?.range == null ? undefined : { start: node.range[0], end: node.range[1] };

  function giveUp(range: Range, text: string): void {
    if (!broken) problems.push({ range, field: '', text });
    broken = true;
  }

  function plain(node: Node | null, path: Path, key: Range | undefined): unknown {
    const range = rangeOf(node) ?? key ?? whole;
    values += 1;
    if (isAlias(node)) aliases += 1;
    if (values > MOST_VALUES) giveUp(range, `more than ${MOST_VALUES} values, aliases included`);
    if (aliases > MOST_ALIASES) giveUp(range, `more than ${MOST_ALIASES} aliases`);
    if (path.length > DEEPEST) giveUp(range, `nested more than ${DEEPEST} levels deep`);
    if (broken) return undefined;
    const target = isAlias(node) ? node.resolve(document) : node;
    if (target === undefined)
      giveUp(
        range,
        'an alias of an anchor that is not defined above it; a value that begins with * needs quotes',
      );
    const content = contentOf(target ?? null, path);
    places.set(placeKey(path), { key, value: range, content });
    return content;
  }

  function contentOf(target: Node | null, path: Path): unknown {
    if (isSeq<Node | null>(target))
      return target.items.map((item, index) => plain(item, [...path, index], undefined));
    if (isMap<Node, Node | null>(target)) {
      const entries = target.items.map(({ key, value }) => entry(key, value, path));
      return Object.fromEntries(entries.filter((item) => item !== undefined));
    }
    if (!isScalar(target)) return undefined;
    const written = target.source ?? '';
    // `~` and `null` are YAML's ways to write nothing.
    if (isText(path))
      return target.value === null ? '' : typeof target.value === 'string' ? target.value : written;
    return target.value;
  }

  function entry(key: Node, value: Node | null, path: Path): readonly [string, unknown] | undefined {
    const name = isScalar(key) ? key.value : undefined;
    // An object with a key `__proto__` is not what it seems to be.
    if (typeof name !== 'string' || name === '' || name === '__proto__') {
      const found = isScalar(key) ? describeFound(name) : 'something else';
      problems.push({
        range: rangeOf(key) ?? whole,
        field: fieldName(path),
        text: `expected a word as the key, found ${found}`,
      });
      return undefined;
    }
    const content = plain(value, [...path, name], rangeOf(key));
    return content === null || content === undefined ? undefined : [name, content];
  }

  const value = plain(document.contents, [], undefined);
  return { value: value ?? undefined, problems, broken, placeOf: (path) => places.get(placeKey(path)) };
}
