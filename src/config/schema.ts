/**
 * builder.yaml as a whole. Unknown keys are errors. The JSON Schema for editors comes from the same
 * values (docs.ts).
 */
import * as z from 'zod';
import { field, list, optionalField, word } from './fields.js';
import { ALWAYS, environmentRule, mountRule, optionsRule, serviceRule, wordsOf } from './schema-rules.js';
import { originFields } from './schema-archive.js';
import { SECTIONS } from './schema-sections.js';

const optionWord = z.string({ error: 'a build option such as noram or cpus=2' });

const section = <S extends z.ZodRawShape>(shape: S) => z.strictObject(shape, { error: 'a mapping' });

/** Keys of the file that are no sections. */
export const TOP = {
  name: optionalField(
    'name',
    word('a name'),
    'name of the top-level folder, normalised',
    'Name of the project.',
  ),
  options: field(
    'list of words, or mapping',
    z
      .union(
        [
          list(optionWord, 'a list of build options'),
          z.record(
            z.string(),
            z.union([z.string(), z.number(), z.boolean()], { error: 'a value' }).transform(String),
          ),
        ],
        {
          error:
            'a list of build options such as [noram, cpus=2], or a mapping such as {noram: true, cpus: 2}',
        },
      )
      .superRefine(optionsRule, ALWAYS)
      .transform(wordsOf),
    [],
    'Build options of this project, below those of the environment and the command line.',
  ),
};

export const builderSchema = z.strictObject(
  {
    name: TOP.name,
    basebox: section(SECTIONS.basebox).prefault({}).describe('The base box that a builder VM starts from.'),
    archive: section(SECTIONS.archive)
      .superRefine(serviceRule, ALWAYS)
      .prefault({})
      .describe('Where packages come from.'),
    vm: section(SECTIONS.vm).prefault({}).describe('The virtual machine.'),
    guest: section(SECTIONS.guest)
      .superRefine(mountRule, ALWAYS)
      .prefault({})
      .describe('Names inside the virtual machine.'),
    build: section(SECTIONS.build)
      .superRefine(environmentRule, ALWAYS)
      .prefault({})
      .describe('How the project provisions and builds.'),
    artifacts: section(SECTIONS.artifacts).prefault({}).describe('What comes out.'),
    caches: section(SECTIONS.caches).prefault({}).describe('Cache disks, which survive builds.'),
    options: TOP.options,
  },
  { error: 'a mapping of settings' },
);

/** What the schema gives: as in the file, with units converted and fixed defaults filled in. */
export type BuilderFile = z.output<typeof builderSchema>;

/** The keys that may stand below a place of the file, for "did you mean". */
export function keysBelow(path: readonly PropertyKey[]): readonly string[] {
  const [section] = path;
  if (section === undefined) return Object.keys(builderSchema.shape);
  // The only deeper mapping whose keys are given is an origin.
  if (path.length > 1) return Object.keys(originFields);
  return Object.keys(Object.entries(SECTIONS).find(([name]) => name === section)?.[1] ?? {});
}
