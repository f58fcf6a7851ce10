// Writes the pages that are made from the source. A unit test fails when they are out of date.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tsImport } from 'tsx/esm/api';

const root = dirname(import.meta.dirname);
const { builderJsonSchema, builderReference } = await tsImport('../src/config/docs.ts', import.meta.url);

const { buildRecordSchema } = await tsImport('../src/build/record/record.ts', import.meta.url);

const pages = {
  'docs/builder.yaml.md': builderReference(),
  'docs/schema/builder.schema.json': builderJsonSchema(),
  'docs/schema/build-record.schema.json': buildRecordSchema(),
};
for (const [name, content] of Object.entries(pages)) {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  console.log(name);
}
