/** docs/events.md is what machines rely on: it has every kind of event, with every field. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { STEPS } from '../../../src/report/events.js';

const read = (path: string): Promise<string> =>
  readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** type → fields, of the types as they are written. */
function eventsOf(source: string): ReadonlyMap<string, readonly string[]> {
  const bodies = source.matchAll(/\{\s*readonly type: '([a-z-]+)';?([^}]*)\}/g);
  return new Map(
    Array.from(bodies, ([, type = '', body = '']) => [
      type,
      Array.from(body.matchAll(/readonly (\w+)\??:/g), ([, field = '']) => field),
    ]),
  );
}

it('docs/events.md has a row for each kind of event, with its fields', async () => {
  const events = eventsOf(await read('src/report/events.ts'));
  expect(events.size).toBeGreaterThan(10);
  const rows = (await read('docs/events.md')).split('\n').filter((line) => line.startsWith('| `'));
  const documented = new Map(
    rows.map((row) => {
      const [, type = '', , fields = ''] = row.split('|');
      return [type.replaceAll(/[` ]/g, ''), Array.from(fields.matchAll(/`(\w+)`/g), ([, field]) => field)];
    }),
  );
  expect([...documented.keys()].sort()).toEqual([...events.keys()].sort());
  for (const [type, fields] of events) {
    expect(documented.get(type), type).toEqual(expect.arrayContaining([...fields]));
  }
});

it('docs/events.md names the steps in their order', async () => {
  expect(await read('docs/events.md')).toContain(STEPS.map((step) => `\`${step}\``).join(', '));
});
