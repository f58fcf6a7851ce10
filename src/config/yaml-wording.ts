/**
 * Our words for what the YAML parser finds wrong: it speaks of its own API and of YAML's grammar. It names each
 * mistake by a code, and what there is to know besides by its message. Pure.
 */
import type { ErrorCode } from 'yaml';

/** The first that fits counts; $1 is what the pattern caught, and FOUND what stands there. */
const WORDINGS: readonly (readonly [ErrorCode, RegExp, string])[] = [
  ['DUPLICATE_KEY', /^/, 'this key stands there already; leave one of them out'],
  ['MULTIPLE_DOCS', /^/, 'expected one document, found another'],
  ['RESOURCE_EXHAUSTION', /^/, 'nested too deeply'],
  ['TAB_AS_INDENT', /^/, 'expected blanks before the first word, found a tab'],
  ['BAD_SCALAR_START', /(\S)$/, 'a value that begins with $1 needs quotes'],
  [
    'BAD_DQ_ESCAPE',
    /(\S+)$/,
    'expected an escape of YAML, found $1; between single quotes, a backslash is one',
  ],
  ['BAD_INDENT', /mapping items/, 'expected as many blanks before this key as before those above it'],
  ['BAD_INDENT', /sequence items/, 'expected as many blanks before this - as before those above it'],
  ['BAD_INDENT', /end with a (\S)$/, 'expected a closing $1, found FOUND'],
  ['MISSING_CHAR', /end with a (\S)$/, 'expected a closing $1, found FOUND'],
  ['MISSING_CHAR', /closing (["'])/, 'expected a closing $1, found FOUND'],
  ['MISSING_CHAR', /followed by map values/, 'expected a colon and a value after this key'],
  ['MISSING_CHAR', /- indicator/, 'expected a - before each item of this list'],
  ['MISSING_CHAR', /Missing , /, 'expected a comma between the two, found FOUND'],
  ['MISSING_CHAR', /space after :/, 'expected a blank after the colon'],
  ['MISSING_CHAR', /^Comments/, 'expected a blank before the #'],
  ['MULTILINE_IMPLICIT_KEY', /^/, 'expected `key: value` on one line; is there a blank after each colon?'],
  [
    'BLOCK_AS_IMPLICIT_KEY',
    /^Nested/,
    'a second colon on this line; put the value in quotes, or on lines below',
  ],
  ['BLOCK_AS_IMPLICIT_KEY', /^/, 'expected a word as the key, found a list'],
  ['BLOCK_IN_FLOW', /^/, 'expected brackets around what is inside brackets'],
  ['KEY_OVER_1024_CHARS', /^/, 'a key of more than 1024 characters'],
  ['UNEXPECTED_TOKEN', /block-seq-ind on same line/, 'expected the list on the lines below its key'],
  ['UNEXPECTED_TOKEN', /at node end/, 'expected nothing more after this value, found FOUND'],
  ['UNEXPECTED_TOKEN', /empty item|Unexpected , /, 'expected a value, found a comma'],
  ['UNEXPECTED_TOKEN', /^Block scalar header/, 'expected nothing more on this line, found FOUND'],
  ['UNEXPECTED_TOKEN', /^/, 'expected a key or a value, found FOUND'],
  ['TAG_RESOLVE_FAILED', /^/, 'expected a value, found a tag; a value that begins with ! needs quotes'],
  ['BAD_COLLECTION_TYPE', /^/, 'expected a value, found a tag; a value that begins with ! needs quotes'],
  ['BAD_DIRECTIVE', /^/, 'expected settings, found a directive of YAML'],
  ['BAD_ALIAS', /^/, 'expected a name after & or *; a value that begins with one needs quotes'],
  ['MULTIPLE_ANCHORS', /^/, 'expected one anchor, found another'],
  ['MULTIPLE_TAGS', /^/, 'expected one tag, found another'],
  ['ALIAS_PROPS', /^/, 'expected an alias alone, found more'],
  ['BAD_PROP_ORDER', /^/, 'expected anchors and tags after the - or the colon'],
  ['NON_STRING_KEY', /^/, 'expected a word as the key'],
];

/** In place of what the parser says, where a value runs on: a key below it stands too far right. */
export const DEEPER =
  'the next line is indented deeper, as if it belonged to this value; expected as many blanks before its key as before this one';

const LONGEST_FOUND = 30;

/** @param rest the text from the place on */
export function wordSyntax(code: ErrorCode, message: string, rest: string): string {
  for (const [known, pattern, words] of WORDINGS) {
    const match = known === code ? pattern.exec(message) : null;
    if (match !== null)
      return words.replace('$1', () => match[1] ?? '').replace('FOUND', () => foundIn(rest));
  }
  return 'expected valid YAML, found something else';
}

function foundIn(rest: string): string {
  if (rest.trim() === '') return 'the end of the file';
  const word = /^\S*/.exec(rest)?.[0] ?? '';
  if (word === '') return rest.startsWith('\n') ? 'the end of the line' : 'a blank';
  return JSON.stringify(word.length > LONGEST_FOUND ? `${word.slice(0, LONGEST_FOUND)}…` : word);
}
