/**
 * The same build options as flags of the command line. A flag is turned into the word that it
 * stands for, so that there is one reading of options and one wording of what is wrong with them.
 */
import type { Said } from './options-read.js';
import { OPTION_WORDS, type ProxyOption } from './options-words.js';
import { didYouMean } from './suggest.js';

export interface OptionFlag {
  /** The word that it stands for; of `--proxy`, whose value is the word, the words it may be. */
  readonly word: string;
  readonly flag: string;
  /** How the value is called in help, for a flag that takes one. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly description: string;
  /** The name under which commander hands over the value: the flag in camel case, without `no-`. */
  readonly attribute: string;
}

const PROXIES: readonly ProxyOption[] = ['vmproxy', 'extproxy', 'vmproxy+extproxy', 'noproxy'];

export const OPTION_FLAGS: readonly OptionFlag[] = [
  flag('--ram', 'ram'),
  flag('--no-ram', 'noram'),
  {
    word: PROXIES.join('|'),
    flag: '--proxy',
    value: 'KIND',
    choices: PROXIES,
    description:
      'How the guest fetches packages: through the proxy in the VM, the one that `http_proxy` names, both, or none.',
    attribute: 'proxy',
  },
  flag('--offline', 'offline'),
  flag('--cache-website', 'cachewebsite=yes'),
  flag('--no-cache-website', 'cachewebsite=no', 'Do not keep the built website on a cache disk.'),
  flag('--fast-compression', 'fastcomp'),
  flag('--default-compression', 'defaultcomp'),
  flag('--cpus', 'cpus'),
  flag('--cpu-model', 'cpumodel'),
  flag('--machine-type', 'machinetype'),
  flag('--date-offset', 'dateoffset'),
  flag('--ignore-changes', 'ignorechanges'),
  flag('--no-merge-base-branch', 'nomergebasebranch'),
  flag('--keep-running', 'keeprunning'),
  flag('--rescue', 'rescue'),
  flag('--force-cleanup', 'forcecleanup'),
];

function flag(name: string, word: string, description?: string): OptionFlag {
  const [bare, said] = word.split('=');
  const row = OPTION_WORDS.find((candidate) => candidate.word === bare);
  const takesValue = row?.placeholder !== undefined && said === undefined;
  return {
    word,
    flag: name,
    ...(takesValue ? { value: row.placeholder } : {}),
    description: description ?? row?.meaning ?? '',
    attribute: camelCase(name.replace(/^--(?:no-)?/, '')),
  };
}

function camelCase(kebab: string): string {
  return kebab.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What commander hands over, by attribute; other flags may be among it. */
export type FlagValues = Readonly<Record<string, unknown>>;

/**
 * The words that the given flags stand for. A switch counts when its value is true, its `--no-`
 * form when it is false: commander gives `true` to the positive side of a lone `--no-` flag, which
 * says nothing.
 */
export function sayFlags(values: FlagValues): readonly Said[] {
  return OPTION_FLAGS.flatMap((option): Said[] => {
    const value = values[option.attribute];
    if (option.value === undefined) {
      const wanted = !option.flag.startsWith('--no-');
      if (value !== wanted) return [];
      const [word = '', said] = option.word.split('=');
      return [{ word, value: said, shown: option.flag }];
    }
    if (typeof value !== 'string' && typeof value !== 'number') return [];
    const shown = `${option.flag} ${value}`;
    const { choices } = option;
    if (choices === undefined) return [{ word: option.word, value: String(value), shown }];
    // The value is itself the word; but a word of another option is not a value of this one.
    const said = { word: String(value), value: undefined, shown };
    if (choices.includes(said.word)) return [said];
    const problem = `${shown}: expected one of ${choices.join(', ')}${didYouMean(said.word, choices)}`;
    return [{ ...said, problem }];
  });
}
