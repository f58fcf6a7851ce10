/** What the schema refuses → problems with a place in the file: expected …, found …. */
import type * as z from 'zod';
import { describeFound, fieldName, type Problem, type Range } from './problems.js';
import { keysBelow } from './schema.js';
import { nearest } from './suggest.js';
import type { Reading } from './yaml-reader.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

export function problemsOf(issues: readonly Issue[], reading: Reading): readonly Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, [], reading));
}

function problemsOfIssue(issue: Issue, above: Path, reading: Reading): readonly Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      range: keyRange([...path, key], reading),
      field: fieldName([...path, key]),
      text: unknownKey(key, path),
    }));
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues[0]?.message ?? 'another key';
    const text = `expected ${expected}, found ${describeFound(path.at(-1))}`;
    return [{ range: keyRange(path, reading), field: fieldName(path), text }];
  }
  if (issue.code === 'invalid_union') {
    // The branch that took the value for what it is knows better what is wrong inside it.
    const inside = issue.errors.find((branch) =>
      branch.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
    );
    if (inside !== undefined) return inside.flatMap((inner) => problemsOfIssue(inner, path, reading));
  }
  const about: unknown = issue.code === 'custom' ? issue.params?.['about'] : undefined;
  if (about !== undefined) {
    const range = about === 'key' ? keyRange(path, reading) : valueRange(path, reading);
    return [{ range, field: fieldName(path), text: issue.message }];
  }
  return [expectation(issue.message, path, reading)];
}

function expectation(expected: string, path: Path, reading: Reading): Problem {
  const found = describeFound(reading.placeOf(path)?.content);
  return {
    range: valueRange(path, reading),
    field: fieldName(path),
    text: `expected ${expected}, found ${found}`,
  };
}

function unknownKey(key: string, section: Path): string {
  const known = keysBelow(section);
  const near = nearest(key, known);
  if (near !== undefined) return `unknown key; did you mean ${near}?`;
  const elsewhere = keysBelow([]).find((name) => section.length <= 1 && keysBelow([name]).includes(key));
  if (elsewhere !== undefined) return `unknown key here; did you mean ${elsewhere}.${key}?`;
  return section.length > 0 && keysBelow([]).includes(key)
    ? 'unknown key here; it belongs at the top of the file'
    : `unknown key; known here are ${known.join(', ')}`;
}

/** The value; its key, where nothing stands; or what is above it, where there is no key either. */
function valueRange(path: Path, reading: Reading): Range {
  const place = reading.placeOf(path);
  if (place === undefined)
    return path.length === 0 ? { start: 0, end: 0 } : keyRange(path.slice(0, -1), reading);
  return place.value.end > place.value.start ? place.value : (place.key ?? place.value);
}

function keyRange(path: Path, reading: Reading): Range {
  return reading.placeOf(path)?.key ?? valueRange(path, reading);
}
