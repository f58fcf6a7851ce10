/**
 * Hints name fields of builder.yaml, which a Tails-style checkout does not have. There, they name the file, the
 * flag or the variable that a person has. Pure.
 */
import { TAILS } from './tails.js';

const DEFINITION = `${TAILS.builderFolder}/definitions/tails-builder/`;
const SETTINGS = `${TAILS.builderFolder}/${TAILS.settings}`;

/** Where a field has no counterpart, or the sentence would not read well with one. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/, the variable ARTIFACTS, or artifacts\.directory in builder\.yaml/, ', or the variable ARTIFACTS'],
  [/, or build\.timeout in builder\.yaml/, ''],
  [/ \(artifacts\.patterns in builder\.yaml\)/, ''],
  [/, or narrow artifacts\.patterns in builder\.yaml/, ''],
  [/narrow artifacts\.patterns in builder\.yaml/, 'give them other names in the build script'],
  [/, or name another in builder\.yaml \([^)]*\)/, ''],
  [
    /The rule is archive\.branches \((.*?): (\w+)\) in builder\.yaml\./,
    'A checkout of this layout has that rule for $1.',
  ],
  [/; or, of a release, use tagged snapshots \(archive\.tagged_url\)/, ''],
  [/Set archive\.origins\.(\S+)\.url in builder\.yaml, for example to/, `Name it in ${DEFINITION}: deb`],
  [/\(archive\.kind: serials and archive\.url in builder\.yaml\)/, `(its address in ${DEFINITION})`],
  [
    /Is archive\.kind in builder\.yaml the right one for this service\?/,
    `Is its address in ${DEFINITION} right?`,
  ],
  [/archive\.kind in builder\.yaml is \S+; .*$/, `${DEFINITION} names a snapshot service, which takes them.`],
  [/in builder\.yaml \(archive\.origins\)/, `in ${DEFINITION}`],
];

/** Field → where a person finds what it says. */
const PLACES: readonly (readonly [RegExp, string])[] = [
  [/\barchive\.origins(?: in builder\.yaml)?/g, `the APT sources in ${DEFINITION}`],
  [/\bbasebox\.packages(?: in builder\.yaml)?/g, `the packages in ${DEFINITION}`],
  [/\bbasebox\.disk(?: in builder\.yaml)?/g, `the size of the disk in ${DEFINITION}`],
  [/\bbasebox\.architecture(?: in builder\.yaml)?/g, `ARCHITECTURE in ${SETTINGS}`],
  [/\bvm\.build_memory(?: in builder\.yaml)?/g, `BUILD_SPACE_REQUIREMENT in ${SETTINGS}`],
  [/\bvm\.memory(?: in builder\.yaml)?/g, `VM_MEMORY_BASE in ${SETTINGS}`],
];

/** Flags that are words, too, which `mayfly rake` takes in place of flags. */
const FLAGS =
  /--(rescue|force-cleanup|no-merge-base-branch|ignore-changes|keep-running|no-ram|ram|offline)\b/g;

export function tailsHint(hint: string): string {
  const text = [...PHRASES, ...PLACES].reduce((left, [field, place]) => left.replace(field, place), hint);
  // A command between backquotes stays whole.
  return text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part.replace(FLAGS, inWords) : part))
    .join('`');
}

const inWords = (_: string, flag: string): string => `${flag.replaceAll('-', '')} in TAILS_BUILD_OPTIONS`;
