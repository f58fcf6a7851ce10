/** docs/builder.yaml.md and the JSON Schema for editors, made from the schema and the tables of options. Pure. */
import * as z from 'zod';
import { docOf } from './fields.js';
import { OPTION_FLAGS, type OptionFlag } from './options-flags.js';
import { OPTION_WORDS, type OptionWord } from './options-words.js';
import { builderSchema, TOP } from './schema.js';
import { originFields } from './schema-archive.js';
import { SECTIONS } from './schema-sections.js';
import { GUEST_VARIABLES } from './variables.js';

/** JSON Schema (draft 7, which most editors read) of builder.yaml as people write it. */
export function builderJsonSchema(): string {
  const schema = z.toJSONSchema(builderSchema, { io: 'input', target: 'draft-7' });
  const titled = { $schema: schema.$schema, title: 'builder.yaml of mayfly', ...schema };
  // A section whose every line is commented out is empty, not wrong.
  for (const section of Object.keys(SECTIONS)) {
    const property = schema.properties?.[section];
    if (typeof property === 'object') Object.assign(property, { type: ['object', 'null'] });
  }
  return `${JSON.stringify(titled, null, 2)}\n`;
}

/** The page for people. */
export function builderReference(): string {
  return [
    '# builder.yaml',
    '',
    '<!-- Made by `npm run docs` from src/config/. Do not edit. -->',
    '',
    'The settings of a project, in its builder directory. Every field may be left out; an empty file is valid, and a key',
    'with nothing after it is the same as no key. A key that is not listed here is an error. Editors that know the YAML',
    'language server check the file after this line at its top:',
    '',
    '```yaml',
    '# yaml-language-server: $schema=PATH/TO/mayfly/docs/schema/builder.schema.json',
    '```',
    '',
    'A *size* is a number with one of the binary units K, M, G and T (`1536M`, `1.5G`), or a whole number of bytes. A',
    '*duration* is hours, minutes and seconds (`2h`, `90m`, `1h30m`). A *path* is relative to the builder directory and stays',
    'inside it, unless its field says otherwise.',
    '',
    '## Fields',
    '',
    ...fieldTable(),
    '',
    '## Build options',
    '',
    'From the highest precedence to the lowest:',
    '',
    '1. flags of the command line;',
    '2. the environment variable `MAYFLY_BUILD_OPTIONS`: words with spaces between them; where it is unset or empty,',
    '   `TAILS_BUILD_OPTIONS`;',
    '3. `options` in builder.yaml: a list of words (`[noram, cpus=2]`) or a mapping (`{noram: true, cpus: 2}`);',
    '4. the defaults.',
    '',
    'An unknown word, a value that does not fit, and words of one source that contradict each other are errors, all of them',
    'reported at once.',
    '',
    ...optionTable(),
    '',
    '- `offline` needs a proxy that caches: `vmproxy`, `vmproxy+extproxy` or `extproxy`.',
    '- `extproxy` and `vmproxy+extproxy` need `http_proxy` in the environment: an `http://` URL that is not on the loopback of',
    '  the host, which the guest cannot reach.',
    '- For a release (HEAD is exactly a tag) `cachewebsite` and fast compression are ignored, with a warning.',
    '- `forcecleanup` wins over `keeprunning` and `rescue`, with a warning; `rescue` includes `keeprunning`.',
    '- Without `ram` or `noram`, the build is in memory when the host has `vm.memory` and `vm.build_memory` free.',
    '',
    '## Variables in the guest',
    '',
    'The provisioning script and the build script get these, and those of `build.environment`. `PREFIX` is',
    '`build.variables_prefix`. A variable without a value is not set.',
    '',
    ...table(
      ['variable', 'meaning'],
      GUEST_VARIABLES.map(({ name, meaning }) => [code(name), meaning]),
    ),
    '',
  ].join('\n');
}

/** A shape as its fields: Object.entries would forget their type. */
function fieldsOf(shape: Readonly<Record<string, z.ZodType>>): readonly (readonly [string, z.ZodType])[] {
  return Object.entries(shape);
}

function fieldTable(): readonly string[] {
  const row = (name: string, schema: z.ZodType): readonly string[] => {
    const { type, fallback, meaning } = docOf(schema);
    return [code(name), type, fallback, meaning];
  };
  const sections = Object.entries(SECTIONS).flatMap(([section, fields]) => [
    ...fieldsOf(fields).map(([name, schema]) => row(`${section}.${name}`, schema)),
    ...(section === 'archive'
      ? fieldsOf(originFields).map(([name, schema]) => row(`archive.origins.<origin>.${name}`, schema))
      : []),
  ]);
  return table(
    ['field', 'type', 'default', 'meaning'],
    [row('name', TOP.name), ...sections, row('options', TOP.options)],
  );
}

function optionTable(): readonly string[] {
  return table(
    ['word', 'flag', 'effect'],
    OPTION_WORDS.map((word) => [code(shownWord(word)), flagsOf(word).map(code).join(', '), word.meaning]),
  );
}

function shownWord({ word, placeholder }: OptionWord): string {
  if (placeholder === undefined) return word;
  return placeholder.startsWith('[') ? `${word}[=${placeholder.slice(1)}` : `${word}=${placeholder}`;
}

function flagsOf({ word }: OptionWord): readonly string[] {
  const says = (flag: OptionFlag): boolean =>
    flag.choices?.includes(word) ?? flag.word.split('=')[0] === word;
  return OPTION_FLAGS.filter(says).map(({ flag, value, choices }) => {
    if (choices !== undefined) return `${flag} ${word}`;
    return value === undefined ? flag : `${flag} ${value}`;
  });
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A table cell ends at every `|`, inside code too. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
