/**
 * The build options as flags, and one error for all that is wrong with a command line that has
 * them. It is checked before anything is done: a slip of the fingers must leave no trace.
 */
import { Option, type Command } from 'commander';
import { resolveOptions, type OptionFacts } from '../config/options.js';
import { OPTION_FLAGS, type OptionFlag } from '../config/options-flags.js';
import { didYouMean } from '../config/suggest.js';
import { MayflyError } from '../errors.js';
import { durationProblem, parseTimeout } from './common.js';
import { pathOf } from './usage-error.js';

export interface FlagChoice {
  /** Flags that mean nothing to the command. */
  readonly without?: readonly string[];
  /** Flag → what it means there, where that is something else. */
  readonly meaning?: Readonly<Record<string, string>>;
}

/** How a duration is called in help: `--timeout <TIME>`. */
const TIME = 'TIME';

export function addTimeFlag(command: Command, flag: string, description: string): Command {
  return command.option(`${flag} <${TIME}>`, description);
}

export function addBootTimeoutFlag(command: Command): Command {
  const meaning = 'How long the VM may take to boot. Default: 2m, or 10m under emulation.';
  return addTimeFlag(command, '--boot-timeout', meaning);
}

/** In milliseconds; undefined when none is given. */
export function parseBootTimeout(text: string | undefined): number | undefined {
  const seconds = parseTimeout(text, '--boot-timeout');
  return seconds === undefined ? undefined : seconds * 1000;
}

/** What people use most comes first in help; the rest as in docs/builder.yaml.md. */
const MOST_USED = [
  '--keep-running',
  '--rescue',
  '--force-cleanup',
  '--ignore-changes',
  '--no-merge-base-branch',
  '--offline',
  '--ram',
  '--no-ram',
  '--cpus',
];

function byUse(flags: readonly OptionFlag[]): readonly OptionFlag[] {
  const rank = ({ flag }: OptionFlag): number => {
    const place = MOST_USED.indexOf(flag);
    return place < 0 ? MOST_USED.length : place;
  };
  return [...flags].sort((a, b) => rank(a) - rank(b));
}

export function addBuildOptionFlags(command: Command, choice: FlagChoice = {}): Command {
  for (const { flag, value, choices, description } of byUse(OPTION_FLAGS)) {
    if (choice.without?.includes(flag) === true) continue;
    const meaning = choice.meaning?.[flag] ?? description;
    const option = new Option(value === undefined ? flag : `${flag} <${value}>`, meaning);
    // For help and completion only: commander itself would end at the first wrong value.
    if (choices !== undefined) option.argChoices = [...choices];
    option.helpGroup('Build options:');
    command.addOption(option);
  }
  return command
    .allowUnknownOption()
    .allowExcessArguments()
    .hook('preAction', (_, called) => {
      checkCommandLine(called, process.env);
    });
}

/** What host and builder.yaml have to say comes later: here nothing is wrong with them. */
const FACTS: Omit<OptionFacts, 'httpProxy'> = {
  releasing: false,
  availableMemory: Infinity,
  memory: 0,
  buildMemory: 0,
};

function checkCommandLine(command: Command, environment: NodeJS.ProcessEnv): void {
  const own = [...strayWords(command), ...wrongDurations(command)].map((text) => `command line: ${text}`);
  const wrong = invalidOptions(command, environment);
  if (own.length === 0) {
    if (wrong === undefined) return;
    throw wrong;
  }
  const details = [...own, ...(wrong?.details ?? [])];
  const count = details.length === 1 ? 'One option is' : `${details.length} options are`;
  throw new MayflyError('usage', 'options.invalid', `${count} wrong.`, {
    details,
    hint: `Correct them and try again; \`mayfly ${pathOf(command)} --help\` lists every option.`,
  });
}

function invalidOptions(command: Command, environment: NodeJS.ProcessEnv): MayflyError | undefined {
  try {
    const facts: OptionFacts = { ...FACTS, httpProxy: environment['http_proxy'] };
    resolveOptions({ flags: command.opts(), environment, config: { options: [] }, facts });
    return undefined;
  } catch (error) {
    if (error instanceof MayflyError) return error;
    throw error;
  }
}

/** What commander could not place: unknown flags, and words where none are expected. */
function strayWords(command: Command): readonly string[] {
  const known = command.options.flatMap(({ long }) => long ?? []);
  return command.args.flatMap((word, index) => {
    if (word === '--') return [];
    if (word.startsWith('-')) {
      const [flag = ''] = word.split('=');
      return [`unknown option ${flag}${flag.startsWith('--') ? didYouMean(flag, known) : ''}`];
    }
    // The word after an unknown flag may be its value.
    const before = command.args[index - 1];
    return before?.startsWith('-') === true ? [] : [`unexpected argument ${JSON.stringify(word)}`];
  });
}

function wrongDurations(command: Command): readonly string[] {
  return command.options
    .filter(({ flags }) => flags.endsWith(`<${TIME}>`))
    .flatMap((option) => {
      const value: unknown = command.getOptionValue(option.attributeName());
      const flag = option.long ?? option.flags;
      return typeof value === 'string' ? (durationProblem(value, flag) ?? []) : [];
    });
}
