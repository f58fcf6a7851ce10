import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildRecordSchema } from '../../../src/build/record/record.js';
import { builderJsonSchema, builderReference } from '../../../src/config/docs.js';

const root = join(import.meta.dirname, '../../..');

describe('the pages made from the source', () => {
  it.each([
    ['docs/builder.yaml.md', builderReference],
    ['docs/schema/builder.schema.json', builderJsonSchema],
    ['docs/schema/build-record.schema.json', buildRecordSchema],
  ])('%s is up to date (npm run docs)', (path, make) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(make());
  });
});

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: unknown;
}

/** Every field of every section as `section.field`. */
function fields(node: Node, prefix = ''): readonly { name: string; node: Node }[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const name = `${prefix}${key}`;
    return child.properties === undefined ? [{ name, node: child }] : fields(child, `${name}.`);
  });
}

describe('the JSON Schema', () => {
  const schema = JSON.parse(builderJsonSchema()) as Node;

  it('refuses unknown keys, at the top and in every section', () => {
    const sections = Object.values(schema.properties ?? {}).filter(
      ({ properties }) => properties !== undefined,
    );
    expect(sections).toHaveLength(7);
    expect([schema, ...sections].map((node) => node.additionalProperties)).toEqual(Array(8).fill(false));
  });

  it('describes every field, and the page has one line for each', () => {
    const page = builderReference();
    for (const { name, node } of fields(schema)) {
      expect(node.description, name).toMatch(/\.$/);
      const lines = page.split('\n').filter((line) => line.startsWith(`| \`${name}\` |`));
      expect(lines, name).toHaveLength(1);
      expect(lines[0], name).toContain(node.description);
    }
  });
});
