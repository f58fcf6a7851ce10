/**
 * Which build options hold. Highest first: flags of the command line, MAYFLY_BUILD_OPTIONS (or
 * TAILS_BUILD_OPTIONS, where that is unset or empty), `options` of builder.yaml, defaults.
 */
import { MayflyError } from '../errors.js';
import type { Config } from './config.js';
import { sayFlags, type FlagValues } from './options-flags.js';
import { applyRules, type BuildOptions, type OptionFacts } from './options-rules.js';
import { readWords, sayWord, type Said } from './options-read.js';
import type { OptionName, OptionValues } from './options-words.js';

export type { BuildOptions, OptionFacts } from './options-rules.js';

/** The environment variables that hold build options, first wins. */
export const OPTION_VARIABLES = ['MAYFLY_BUILD_OPTIONS', 'TAILS_BUILD_OPTIONS'] as const;

/** Who set an option: a source, a default, or a rule between options and facts. */
export type OptionOrigin =
  'command line' | (typeof OPTION_VARIABLES)[number] | 'builder.yaml' | 'default' | 'rule';

export interface OptionSources {
  /** As commander hands them over; see OPTION_FLAGS. */
  readonly flags: FlagValues;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly config: Pick<Config, 'options'>;
  readonly facts: OptionFacts;
}

export interface ResolvedOptions {
  readonly options: BuildOptions;
  /** Sentences for the person. */
  readonly warnings: readonly string[];
  readonly origins: Readonly<Record<OptionName, OptionOrigin>>;
}

const DEFAULTS: OptionValues = Object.freeze({
  ram: 'auto',
  proxy: 'vmproxy',
  offline: false,
  cacheWebsite: false,
  compression: 'auto',
  cpus: undefined,
  cpuModel: undefined,
  machineType: undefined,
  dateOffset: 0,
  ignoreChanges: false,
  mergeBaseBranch: true,
  keepRunning: false,
  rescue: false,
  forceCleanup: false,
});

/**
 * Resolves the build options from all sources.
 * @throws MayflyError `options.invalid` that tells everything that is wrong, source by source
 */
export function resolveOptions(sources: OptionSources): ResolvedOptions {
  const read = listSources(sources).map(({ origin, said }) => ({ origin, ...readWords(said) }));
  const problems = read.flatMap(({ origin, problems }) => problems.map(({ text }) => `${origin}: ${text}`));

  // Lowest first, so that what comes later wins.
  const layers = [...read].reverse();
  const asked: OptionValues = Object.assign(
    {},
    DEFAULTS,
    ...layers.map(({ values }) => values),
  ) as OptionValues;
  const origins = new Map<string, OptionOrigin>(Object.keys(DEFAULTS).map((option) => [option, 'default']));
  for (const { origin, values } of layers) {
    for (const option of Object.keys(values)) origins.set(option, origin);
  }

  const ruled = applyRules(asked, sources.facts);
  problems.push(...ruled.problems);
  if (problems.length > 0) throw invalid(problems);
  for (const option of ruled.changed.keys()) origins.set(option, 'rule');
  return {
    options: ruled.options,
    warnings: [...ignoredVariables(sources.environment), ...ruled.warnings],
    origins: Object.freeze(Object.fromEntries(origins)) as ResolvedOptions['origins'],
  };
}

/** What each source says, highest precedence first. */
function listSources(sources: OptionSources): readonly { origin: OptionOrigin; said: readonly Said[] }[] {
  const variable = OPTION_VARIABLES.find((name) => isSet(sources.environment[name])) ?? OPTION_VARIABLES[0];
  const words = sources.environment[variable] ?? '';
  return [
    { origin: 'command line', said: sayFlags(sources.flags) },
    {
      origin: variable,
      said: words
        .split(/\s+/)
        .filter((word) => word !== '')
        .map(sayWord),
    },
    { origin: 'builder.yaml', said: sources.config.options.map(sayWord) },
  ];
}

/** A CI server sets a parameter that nobody filled in to nothing. */
const isSet = (value: string | undefined): boolean => value !== undefined && value.trim() !== '';

function ignoredVariables(environment: OptionSources['environment']): readonly string[] {
  const [first, second] = OPTION_VARIABLES;
  const both = isSet(environment[first]) && isSet(environment[second]);
  return both && environment[first] !== environment[second] ? [`${first} is set: ${second} is ignored.`] : [];
}

function invalid(problems: readonly string[]): MayflyError {
  const count = problems.length === 1 ? 'One build option is' : `${problems.length} build options are`;
  return new MayflyError('usage', 'options.invalid', `${count} wrong.`, {
    details: problems,
    hint: 'Correct them and try again; `mayfly build --help` lists every build option.',
  });
}
