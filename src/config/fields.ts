/**
 * The kinds of value that builder.yaml knows. Every schema here carries, as its error message, the
 * words that follow "expected" (load.ts adds what was found); every field carries a line of docs.
 */
import * as z from 'zod';
import { LIBVIRT_URI } from './providers.js';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from './units.js';

/** One line of docs/builder.yaml.md. */
export interface FieldDoc {
  readonly type: string;
  readonly meaning: string;
  /** As it would be written, or a few words for a default that is computed. */
  readonly fallback: string;
}

const docs = z.registry<FieldDoc>();

/** The docs of a field. @throws Error when it has none, which a unit test finds */
export function docOf(schema: z.ZodType): FieldDoc {
  const doc = docs.get(schema);
  if (doc === undefined) throw new Error('a field of builder.yaml has no docs');
  return doc;
}

/** A field with a default, written as in the file. `shown` words it where the value does not tell. */
export function field<S extends z.ZodType>(
  type: string,
  schema: S,
  fallback: z.input<S>,
  meaning: string,
  shown = asWritten(fallback),
): z.ZodPrefault<S> {
  const described = z.prefault(schema, fallback).describe(meaning);
  docs.add(described, { type, meaning, fallback: shown });
  return described;
}

/** A field whose default is not a fixed value, or that has none. */
export function optionalField<S extends z.ZodType>(
  type: string,
  schema: S,
  fallback: string,
  meaning: string,
): z.ZodOptional<S> {
  const described = schema.optional().describe(meaning);
  docs.add(described, { type, meaning, fallback });
  return described;
}

function asWritten(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(asWritten).join(', ');
  return typeof value === 'string' ? `\`${value}\`` : 'none';
}

/** Text of one form. */
function text(pattern: RegExp, expected: string): z.ZodString {
  return z.string({ error: expected }).regex(pattern, { error: expected });
}

export function list<S extends z.ZodType>(item: S, expected: string): z.ZodArray<S> {
  return z.array(item, { error: expected });
}

/** A size that is at least `minimum`; in code: bytes. */
export function size(minimum: string) {
  // A bare 1536 that was meant as megabytes falls below every minimum, and is told so.
  const error = `a size of at least ${minimum}, such as 1.5G or 20G (a bare number counts bytes)`;
  return z
    .union([z.int({ error }).nonnegative({ error }), text(SIZE_PATTERN, error)], { error })
    .transform((value) => parseSize(value) ?? -1)
    .refine((bytes) => bytes >= (parseSize(minimum) ?? 0), { error });
}

const MEBIBYTE = 2 ** 20;

/**
 * The size of a disk: whole mebibytes, as every format of a disk can have it, and no more than `box import` takes; in
 * code: bytes.
 */
export function diskSize(minimum: string) {
  return size(minimum)
    .refine((bytes) => bytes <= 2 ** 20 * MEBIBYTE, { error: 'a size of at most 1T' })
    .transform((bytes) => Math.ceil(bytes / MEBIBYTE) * MEBIBYTE);
}

/** A duration; in code: seconds. */
export function duration() {
  const error = 'a duration such as 2h, 90m or 1h30m, 480h at most';
  return text(DURATION_PATTERN, error)
    .transform((value) => parseDuration(value) ?? 0)
    .refine((seconds) => seconds > 0, { error });
}

export const WORD = /^[a-z0-9][a-z0-9-]{0,62}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Relative, and nowhere above where it starts. */
const INSIDE = /^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$)).+$/;
/** Apart from the patterns, which go into the JSON Schema: not every validator knows \p. */
const CONTROL = /\p{Cc}/u;
/** Absolute, without empty, `.` and `..` parts, and not `/` itself. */
const MOUNT_POINT = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+$/;

export const word = (what: string): z.ZodString =>
  text(WORD, `${what}: lower-case letters, digits and -, 63 at most`);
const pathText = (pattern: RegExp, expected: string): z.ZodString =>
  text(pattern, expected).refine((path) => !CONTROL.test(path), {
    error: `${expected}, without control characters`,
  });
export const insidePath = (): z.ZodString =>
  pathText(INSIDE, 'a path inside the builder directory (relative, without ..)');
/** Below the checkout, and nothing of Git's own: what Git runs from there, it runs on this host. */
export const checkoutPath = (): z.ZodString =>
  pathText(
    /^(?!\/)(?!(?:.*\/)?(?:\.\.|\.[Gg][Ii][Tt])(?:\/|$)).+$/,
    'a folder inside the checkout (relative, without .. and .git); elsewhere: --artifacts, or the variable ARTIFACTS',
  );
export const hostPath = (): z.ZodString => pathText(/^.+$/, 'a path');
export const glob = (): z.ZodString =>
  pathText(INSIDE, 'a pattern relative to the clone, such as *.iso (no absolute path, no ..)');
export const mountPoint = (): z.ZodString => text(MOUNT_POINT, 'an absolute path such as /builder');
export const variableName = (): z.ZodString =>
  text(VARIABLE, 'the name of a variable, such as BUILD_FLAVOUR');
export const variablePrefix = (): z.ZodString =>
  text(/^[A-Z][A-Z0-9_]*$/, 'a prefix such as MAYFLY (capitals, digits and _)');
/** No Linux program can get a NUL byte in its environment: execve(2) ends the text there. */
export const variableText = (): z.ZodString =>
  z
    .string({ error: 'text' })
    .refine((value) => !value.includes('\0'), { error: 'text without NUL characters' });
/** Debian Policy 5.6.7 */
export const packageName = (): z.ZodString => text(/^[a-z0-9][a-z0-9+.-]+$/, 'the name of a Debian package');
export const suiteName = (): z.ZodString =>
  text(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'the name of a suite, such as trixie-updates');
export const componentName = (): z.ZodString =>
  text(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'the name of a component, such as main');
/** The names that adduser(8) takes, without root. */
export const userName = (): z.ZodString =>
  text(/^(?!root$)[a-z_][a-z0-9_-]{0,30}$/, 'the name of a user other than root');
/** What git check-ref-format(1) allows, roughly: the branches themselves are looked up later. */
export const branchName = (): z.ZodString => text(/^[A-Za-z0-9][A-Za-z0-9._/+-]*$/, 'the name of a branch');

/** A branch, with `*` for any number of characters. */
export const branchPattern = (): z.ZodString =>
  text(/^[A-Za-z0-9*][A-Za-z0-9._/+*-]*$/, 'the name of a branch, or a pattern such as release/*');

/** Where an archive is; in code: without a trailing slash. */
export function archiveUrl() {
  const error = 'a URL such as http://mirror.example/debian (http or https, no query)';
  return text(/^https?:\/\/[^\s?#]+$/, error)
    .refine((url) => URL.canParse(url), { error })
    .transform((url) => url.replace(/\/+$/, ''));
}

/** A connection of libvirt's (libvirt.org/uri.html), of the kinds that mayfly can use. */
export const libvirtUri = (): z.ZodString =>
  text(
    LIBVIRT_URI,
    'qemu:///session, qemu:///system or qemu+ssh://USER@HOST/system (of parameters, ?keyfile=FILE only)',
  );

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: words.length === 1 ? words[0] : `one of ${words.join(', ')}` });
}

export function count(most: number): z.ZodInt {
  const error = `a whole number from 1 to ${most}`;
  return z.int({ error }).min(1, { error }).max(most, { error });
}
