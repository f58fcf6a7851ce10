/**
 * The words of a build option list (`MAYFLY_BUILD_OPTIONS="noram cpus=2"`): one row per word.
 * Help, docs and flags are made from the same rows.
 */

export type ProxyOption = 'vmproxy' | 'extproxy' | 'vmproxy+extproxy' | 'noproxy';

/** What the words can say. `auto` is what holds when nobody says anything. */
export interface OptionValues {
  readonly ram: boolean | 'auto';
  readonly proxy: ProxyOption;
  readonly offline: boolean;
  readonly cacheWebsite: boolean;
  readonly compression: 'fast' | 'default' | 'auto';
  readonly cpus: number | undefined;
  readonly cpuModel: string | undefined;
  readonly machineType: string | undefined;
  /** Days. */
  readonly dateOffset: number;
  readonly ignoreChanges: boolean;
  readonly mergeBaseBranch: boolean;
  readonly keepRunning: boolean;
  readonly rescue: boolean;
  readonly forceCleanup: boolean;
}

export type OptionName = keyof OptionValues;

export interface OptionWord {
  readonly word: string;
  /** How the value is called, for a word that takes one; in brackets when it may be left out. */
  readonly placeholder?: string;
  readonly expected?: string;
  readonly meaning: string;
  /** What it says; undefined when the value is not one that it takes. */
  readonly says: (value: string | undefined) => Partial<OptionValues> | undefined;
}

/** More processors than QEMU's q35 machine takes would fail much later. */
export const MOST_CPUS = 288;
/** A century: farther away, certificates and file systems fail for reasons of their own. Days. */
const FARTHEST_OFFSET = 36_525;
const HARDWARE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export const OPTION_WORDS: readonly OptionWord[] = [
  plain('ram', { ram: true }, 'Build in the memory of the VM. The default when the host has that much free.'),
  plain('noram', { ram: false }, 'Build on the disk of the VM.'),
  plain(
    'vmproxy',
    { proxy: 'vmproxy' },
    'Fetch packages through apt-cacher-ng in the VM, which keeps them on the cache disk. The default.',
  ),
  plain('extproxy', { proxy: 'extproxy' }, 'Fetch packages through the proxy that `http_proxy` names.'),
  plain(
    'vmproxy+extproxy',
    { proxy: 'vmproxy+extproxy' },
    'Fetch packages through the proxy in the VM, and that one through `http_proxy`.',
  ),
  plain('noproxy', { proxy: 'noproxy' }, 'Fetch packages straight from the archive.'),
  plain(
    'offline',
    { offline: true },
    'Use cached packages only, and no network time; needs a caching proxy.',
  ),
  {
    word: 'cachewebsite',
    placeholder: '[yes|no]',
    expected: 'yes or no',
    meaning: 'Keep the built website on a second cache disk. Off for a release.',
    says: (value = 'yes') =>
      value === 'yes' || value === 'no' ? { cacheWebsite: value === 'yes' } : undefined,
  },
  plain(
    'fastcomp',
    { compression: 'fast' },
    'Compress fast and less. The default, except for a release, where it is ignored.',
  ),
  plain('gzipcomp', { compression: 'fast' }, 'The old name of `fastcomp`.'),
  plain('defaultcomp', { compression: 'default' }, "Compress as the project's build script does by itself."),
  {
    word: 'cpus',
    placeholder: 'N',
    expected: `a whole number from 1 to ${MOST_CPUS}`,
    meaning: 'Virtual processors. Default: `vm.cpus` in builder.yaml, or all that the host has.',
    says: (value) => {
      const cpus = wholeNumber(value, /^\d+$/);
      return cpus !== undefined && cpus >= 1 && cpus <= MOST_CPUS ? { cpus } : undefined;
    },
  },
  {
    word: 'cpumodel',
    placeholder: 'M',
    expected: 'the name of a processor model, such as Haswell',
    meaning: 'Model of the virtual processor, to vary the environment.',
    says: (value) => (value !== undefined && HARDWARE_NAME.test(value) ? { cpuModel: value } : undefined),
  },
  {
    word: 'machinetype',
    placeholder: 'T',
    expected: 'the name of a machine type, such as q35',
    meaning: 'Type of the virtual machine, to vary the environment.',
    says: (value) => (value !== undefined && HARDWARE_NAME.test(value) ? { machineType: value } : undefined),
  },
  {
    word: 'dateoffset',
    placeholder: 'DAYS',
    expected: 'a whole number of days, such as +30 or -7',
    meaning: "Move the guest's clock by this many days, to vary the environment.",
    says: (value) => {
      const days = wholeNumber(value, /^[+-]?\d+$/);
      return days !== undefined && Math.abs(days) <= FARTHEST_OFFSET ? { dateOffset: days } : undefined;
    },
  },
  plain(
    'ignorechanges',
    { ignoreChanges: true },
    'Build the commit despite uncommitted changes. Those of the builder directory are used, its scripts included, with a warning; others are not.',
  ),
  plain('nomergebasebranch', { mergeBaseBranch: false }, 'Do not merge the base branch first.'),
  plain('keeprunning', { keepRunning: true }, 'Keep the VM after a successful build, for the same branch.'),
  plain(
    'rescue',
    { rescue: true },
    'Keep the VM however the build ends (this includes keeprunning), and after a failure the build directory in it.',
  ),
  plain(
    'forcecleanup',
    { forceCleanup: true },
    'Start from a new VM, and destroy it afterwards whatever happened.',
  ),
];

function plain(word: string, says: Partial<OptionValues>, meaning: string): OptionWord {
  return { word, meaning, says: (value) => (value === undefined ? says : undefined) };
}

function wholeNumber(text: string | undefined, pattern: RegExp): number | undefined {
  if (text === undefined || !pattern.test(text)) return undefined;
  // Adding 0 turns -0, which would print as an offset where there is none, into 0.
  return Number(text) + 0;
}
