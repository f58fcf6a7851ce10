/** One way to read build options, whoever says them: builder.yaml, the environment or the command line. */
import { OPTION_WORDS, type OptionValues, type OptionWord } from './options-words.js';
import { didYouMean } from './suggest.js';

/** One word as somebody said it. */
export interface Said {
  readonly word: string;
  readonly value: string | undefined;
  /** As the person wrote it, for messages: `cpus=2` or `--cpus 2`. */
  readonly shown: string;
  /** What is wrong with it, when that is known before the word is looked up. */
  readonly problem?: string;
}

interface WordProblem {
  /** Position in the list. */
  readonly index: number;
  readonly text: string;
}

export interface ReadWords {
  readonly values: Partial<OptionValues>;
  readonly problems: readonly WordProblem[];
}

/** A word of the list: `noram`, `cpus=2`. */
export function sayWord(text: string): Said {
  const equals = text.indexOf('=');
  return equals < 0
    ? { word: text, value: undefined, shown: text }
    : { word: text.slice(0, equals), value: text.slice(equals + 1), shown: text };
}

/** Reads what one source says; every unknown word, bad value and contradiction is a problem. */
export function readWords(list: readonly Said[]): ReadWords {
  const problems: WordProblem[] = [];
  const values: Record<string, unknown> = {};
  const saidBy = new Map<string, Said>();
  for (const [index, said] of list.entries()) {
    const row = OPTION_WORDS.find(({ word }) => word === said.word);
    const says = said.problem === undefined ? row?.says(said.value) : undefined;
    if (says === undefined) {
      const text = said.problem ?? (row === undefined ? unknownWord(said) : badValue(said, row));
      problems.push({ index, text });
      continue;
    }
    for (const [option, value] of Object.entries(says)) {
      const earlier = saidBy.get(option);
      if (earlier !== undefined && values[option] !== value) {
        problems.push({ index, text: `${said.shown} contradicts ${earlier.shown}; leave one of them out` });
      } else {
        saidBy.set(option, said);
        values[option] = value;
      }
    }
  }
  return { values, problems };
}

function unknownWord(said: Said): string {
  const words = OPTION_WORDS.map(({ word }) => word);
  const help = didYouMean(said.word, words);
  return `unknown build option ${JSON.stringify(said.word)}${help === '' ? `; known are ${words.join(', ')}` : help}`;
}

function badValue(said: Said, row: OptionWord): string {
  if (row.expected === undefined) return `${said.shown}: ${row.word} takes no value`;
  const found = said.value === undefined || said.value === '' ? 'nothing' : JSON.stringify(said.value);
  return `${said.shown}: expected ${row.expected}, found ${found}`;
}
