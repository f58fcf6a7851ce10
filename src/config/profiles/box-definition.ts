/**
 * What a box definition of shell scripts asks for, in either form: a vmdb2 specification (YAML) in a
 * here-document, or `apt-get install` lines. Nothing is run, and what is not understood is left out.
 */
import { readYaml } from '../yaml-reader.js';
import { foundSources, installedPackages, type FoundSource } from './apt-lines.js';
import { UNKNOWN } from './shell-expansion.js';
import { readShell, type ShellText } from './shell-reader.js';

export interface BoxDefinition {
  readonly packages: readonly string[];
  readonly sources: readonly FoundSource[];
  /** Path of the keyring, as the definition has it. */
  readonly keyring: string | undefined;
  /** Size of the disk, such as `20G`. */
  readonly disk: string | undefined;
}

/** @param variables what the scripts get from outside, such as DISTRIBUTION */
export function readBoxDefinition(
  scripts: readonly string[],
  variables: Readonly<Record<string, string>>,
): BoxDefinition {
  const read = scripts.map((script) => readShell(script, variables));
  const steps = read.flatMap(({ documents }) => documents.flatMap(stepsOf));
  const inside = steps.flatMap((step) => (typeof step['shell'] === 'string' ? [step['shell']] : []));
  const shells: readonly ShellText[] = [...read, ...inside.map((script) => readShell(script, variables))];
  const texts = [
    ...shells.flatMap(({ documents }) => documents),
    ...shells.flatMap(({ commands }) => commands.map((words) => words.join(' '))),
    ...steps.flatMap((step) => (typeof step['contents'] === 'string' ? [step['contents']] : [])),
  ];
  const bootstrap = steps.flatMap(bootstrapSource);
  return {
    packages: unique([
      ...steps.flatMap(packagesOf),
      ...shells.flatMap(({ commands }) => installedPackages(commands)),
    ]),
    sources: [...bootstrap, ...foundSources(texts), ...updatesOf(bootstrap, texts)],
    keyring: keyringOf(steps, shells),
    disk: steps.map((step) => sizeOf(step)).find((value) => value !== undefined),
  };
}

type Step = Readonly<Record<string, unknown>>;

/** The steps of a vmdb2 specification; none for any other text. */
function stepsOf(document: string): readonly Step[] {
  // Jinja, which vmdb2 expands, is no YAML where it stands without quotes.
  const { value, broken } = readYaml(document.replace(/\{\{[^{}]*\}\}/g, 'template'), () => false);
  if (broken || !isStep(value) || !Array.isArray(value['steps'])) return [];
  return value['steps'].filter(isStep);
}

function isStep(value: unknown): value is Step {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const words = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');

/** `apt: install` with `packages`, `apt: NAME` of older specifications, and what debootstrap includes. */
function packagesOf(step: Step): readonly string[] {
  const { apt, packages, include } = step;
  const old = typeof apt === 'string' && packages === undefined ? [apt] : [];
  const listed = apt === undefined ? [] : words(packages);
  return [...old, ...listed, ...('debootstrap' in step ? words(include) : [])];
}

function bootstrapSource(step: Step): readonly FoundSource[] {
  const { debootstrap: suite, mirror, components } = step;
  if (typeof suite !== 'string' || typeof mirror !== 'string') return [];
  return [{ url: mirror, suite, components: words(components) }];
}

/** The updates of the suite, where a list of them is made from debootstrap's own line, as by sed. */
function updatesOf(bootstrap: readonly FoundSource[], texts: readonly string[]): readonly FoundSource[] {
  return bootstrap
    .map((source) => ({ ...source, suite: `${source.suite}-updates` }))
    .filter(({ suite }) =>
      texts.some(
        (text) => text.includes('sources.list') && text.includes(`/etc/apt/sources.list.d/${suite}.list`),
      ),
    );
}

/** What the specification names; of a keyring that is only made when the script runs, the key that goes into it. */
function keyringOf(steps: readonly Step[], shells: readonly ShellText[]): string | undefined {
  const named = steps.map((step) => step['keyring']).find((value) => typeof value === 'string');
  if (named?.includes(UNKNOWN) !== true) return named;
  const imports = shells.flatMap(({ commands }) => commands).filter(([program]) => program === 'gpg');
  const keys = imports.map((words) => words[words.indexOf('--import') + 1]);
  return keys.find((path) => path?.startsWith('config/')) ?? named;
}

function sizeOf(step: Step): string | undefined {
  return 'mkimg' in step && typeof step['size'] === 'string' ? step['size'] : undefined;
}

function unique(list: readonly string[]): readonly string[] {
  return [...new Set(list)];
}
