/**
 * Rules of builder.yaml that look at more than one value. They run whatever else is wrong, so that
 * everything is told at once: hence `unknown`, for what they see may be anything.
 */
import type * as z from 'zod';
import { readWords, sayWord, type Said } from './options-read.js';
import { reservedVariables } from './variables.js';

type Context = z.core.$RefinementCtx;

/** For superRefine: also when a field of the same section is wrong. */
export const ALWAYS = { when: (): boolean => true };

/** The origins that need no settings, and the suites that they have by default. */
export const DEFAULT_ORIGINS = {
  debian: (distribution: string): readonly string[] => [distribution, `${distribution}-updates`],
  'debian-security': (distribution: string): readonly string[] => [`${distribution}-security`],
} as const;

export function isDefaultOrigin(name: string): name is keyof typeof DEFAULT_ORIGINS {
  return Object.hasOwn(DEFAULT_ORIGINS, name);
}

/** Read by issues.ts: the message is a sentence of its own, and about the key or the value. */
function complain(context: Context, path: PropertyKey[], sentence: string, about: 'key' | 'value'): void {
  context.addIssue({ code: 'custom', path, message: sentence, params: { about } });
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An origin of the project's own must say where it is: the host's APT cannot know. */
export function originsRule(origins: unknown, context: Context): void {
  if (!isMapping(origins)) return;
  for (const [name, origin] of Object.entries(origins)) {
    if (!isMapping(origin) || isDefaultOrigin(name)) continue;
    // Whatever is wrong with a service of its own, it needs no mirror.
    const hasService = isServiceKind(origin['kind']) || origin['service'] !== undefined;
    const needed = hasService ? ['suites'] : ['url', 'suites'];
    const missing = needed.filter((key) => origin[key] === undefined);
    if (missing.length === 0) continue;
    const sentence = `the origin ${name} needs ${missing.join(' and ')}: only debian and debian-security have a default`;
    complain(context, [name], sentence, 'key');
  }
}

/** A snapshot service has an address, and the others have none. */
export function serviceRule(archive: unknown, context: Context): void {
  if (!isMapping(archive)) return;
  const { kind, url } = archive;
  const isService = isServiceKind(kind);
  if (isService && url === undefined) {
    complain(context, ['kind'], `an archive of the kind ${kind} needs archive.url`, 'value');
  }
  if (!isService && url !== undefined) {
    const sentence = `archive.url is for the kinds serials, timestamps and ubuntu; a mirror is given as archive.origins.<origin>.url`;
    complain(context, ['url'], sentence, 'key');
  }
  if (!isMapping(archive['origins'])) return;
  for (const [name, origin] of Object.entries(archive['origins']))
    if (isMapping(origin)) ownServiceRule(name, origin, kind, context);
}

/** The same of an origin that has its own. @param all the kind of the others */
function ownServiceRule(name: string, origin: Mapping, all: unknown, context: Context): void {
  const { kind: own, service, tagged_service: tagged } = origin;
  const kind = own ?? all;
  const path = ['origins', name];
  if (isServiceKind(own) && own !== all && service === undefined) {
    const sentence = `the origin ${name}, of the kind ${own}, needs service: archive.url is that of another kind`;
    complain(context, [...path, 'kind'], sentence, 'value');
  }
  if (service !== undefined && !isServiceKind(kind)) {
    const sentence = `service is for the kinds serials, timestamps and ubuntu; the mirror of ${name} is given as url`;
    complain(context, [...path, 'service'], sentence, 'key');
  }
  if (tagged !== undefined && kind !== 'serials') {
    const sentence = `tagged_service is for the kind serials, and ${name} is of the kind ${String(kind)}`;
    complain(context, [...path, 'tagged_service'], sentence, 'key');
  }
}

function isServiceKind(kind: unknown): kind is 'serials' | 'timestamps' | 'ubuntu' {
  return kind === 'serials' || kind === 'timestamps' || kind === 'ubuntu';
}

/** Two mounts must not hide one another. */
export function mountRule(guest: unknown, context: Context): void {
  if (!isMapping(guest)) return;
  const { source, builder } = guest;
  if (typeof source !== 'string' || typeof builder !== 'string') return;
  if (`${source}/`.startsWith(`${builder}/`) || `${builder}/`.startsWith(`${source}/`)) {
    complain(
      context,
      ['source'],
      `source (${source}) and builder (${builder}) must be separate folders`,
      'value',
    );
  }
}

/** A project may add variables, not change the meaning of those that mayfly sets. */
export function environmentRule(build: unknown, context: Context): void {
  if (!isMapping(build) || !isMapping(build['environment'])) return;
  const prefix = build['variables_prefix'];
  const reserved = reservedVariables(typeof prefix === 'string' ? prefix : '');
  for (const name of Object.keys(build['environment']).filter((candidate) => reserved.includes(candidate))) {
    complain(
      context,
      ['environment', name],
      `${name} is a variable that mayfly sets itself; choose another name`,
      'key',
    );
  }
}

/** A list of words stays one; in a mapping, `noram: true` and `noram:` are the word alone. */
export function wordsOf(options: readonly string[] | Readonly<Record<string, string>>): readonly string[] {
  if (isMapping(options)) return Object.entries(options).map(([word, value]) => wordOf(word, value));
  return options;
}

function wordOf(word: string, value: string): string {
  return value === 'true' || value === '' ? word : `${word}=${value}`;
}

/** Each word of a list or mapping, with the place where it stands in it. */
function placedWords(options: unknown): readonly { place: PropertyKey; said: Said }[] {
  const entries: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(options)
    ? options.map((word: unknown, index) => [index, word] as const)
    : isMapping(options)
      ? Object.entries(options).map(([word, value]) => [
          word,
          typeof value === 'string' ? wordOf(word, value) : value,
        ])
      : [];
  return entries.flatMap(([place, word]) =>
    typeof word === 'string' ? [{ place, said: sayWord(word) }] : [],
  );
}

export function optionsRule(options: unknown, context: Context): void {
  const placed = placedWords(options);
  for (const { index, text } of readWords(placed.map(({ said }) => said)).problems) {
    complain(context, [placed[index]?.place ?? index], text, 'value');
  }
}
