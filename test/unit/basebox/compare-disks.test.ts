/** Where two disks differ: with real raw files, and a qcow2 that was made of one. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { areaAt } from '../../../src/basebox/areas.js';
import { compareDisks, firstDifference, placeLines, union } from '../../../src/basebox/compare-disks.js';
import { run } from '../../../src/process/run.js';
import { temporaryFolder } from '../source/repository.js';

const { signal } = new AbortController();
const MIB = 2 ** 20;

/** A sparse disk with these bytes in it. */
async function disk(path: string, size: number, parts: Readonly<Record<number, string>>): Promise<string> {
  await using file = await open(path, 'w');
  await file.truncate(size);
  for (const [at, text] of Object.entries(parts)) await file.write(text, Number(at));
  return path;
}

async function compare(one: Readonly<Record<number, string>>, two: Readonly<Record<number, string>>) {
  const folder = await temporaryFolder();
  return await compareDisks(
    await disk(join(folder, 'one'), 64 * MIB, one),
    await disk(join(folder, 'two'), 64 * MIB, two),
    signal,
  );
}

describe('two disks', () => {
  it('that are the same differ nowhere, also where one has holes and the other zeros', async () => {
    const zeros = '\0'.repeat(8192);
    expect(await compare({ 0: 'x', [5 * MIB]: zeros }, { 0: 'x', [9 * MIB]: zeros })).toEqual({
      sizes: [64 * MIB, 64 * MIB],
      places: [],
      count: 0,
    });
  });

  it('differ from the first byte to the last, in each area of the first block', async () => {
    const text = 'x'.repeat(2000);
    const other = 'y'.repeat(2000);
    const { places, count } = await compare({ 0: text, [MIB]: text }, { 0: other, [MIB]: other });
    expect(places).toEqual([
      { start: 0, end: 440 },
      { start: 440, end: 446 },
      { start: 446, end: 512 },
      { start: 512, end: 2000 },
      { start: MIB, end: MIB + 1024 },
      { start: MIB + 1024, end: MIB + 2000 },
    ]);
    expect(count).toBe(6);
  });

  it('differ in one place where blocks follow each other, across the pieces that are read too', async () => {
    const long = 'x'.repeat(6 * MIB);
    const { places } = await compare({ [2 * MIB + 100]: long }, { [40 * MIB]: 'y' });
    expect(places).toEqual([
      { start: 2 * MIB + 100, end: 8 * MIB + 100 },
      { start: 40 * MIB, end: 40 * MIB + 1 },
    ]);
  });

  it('differ in two places where a block between them is the same', async () => {
    const { places } = await compare({}, { [4 * MIB]: 'a', [4 * MIB + 4095]: 'b', [4 * MIB + 8192]: 'c' });
    expect(places).toEqual([
      { start: 4 * MIB, end: 4 * MIB + 4096 },
      { start: 4 * MIB + 8192, end: 4 * MIB + 8193 },
    ]);
  });

  it('of other sizes are compared as far as both go', async () => {
    const folder = await temporaryFolder();
    const one = await disk(join(folder, 'one'), 8 * MIB, { [7 * MIB]: 'x' });
    const two = await disk(join(folder, 'two'), 6 * MIB, {});
    const found = await compareDisks(one, two, signal);
    expect(found.places).toEqual([]);
    expect(placeLines(found, 10)).toEqual([`one has ${8 * MIB} bytes, the other ${6 * MIB}`]);
  });

  it('one of which was a compressed qcow2', async () => {
    const folder = await temporaryFolder();
    const raw = await disk(join(folder, 'one'), 64 * MIB, { 0: 'boot', [MIB + 12345]: 'file' });
    const [qcow2, again] = [join(folder, 'qcow2'), join(folder, 'again')];
    await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-c', raw, qcow2]);
    await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', qcow2, again]);
    expect((await compareDisks(raw, again, signal)).count).toBe(0);
    const other = await disk(join(folder, 'two'), 64 * MIB, { 0: 'boot', [MIB + 12345]: 'fire' });
    expect((await compareDisks(other, again, signal)).places).toEqual([
      { start: MIB + 12347, end: MIB + 12348 },
    ]);
  });

  it('that differ everywhere take no memory for that', async () => {
    const blocks = Array.from({ length: 3000 }, (_, index) => [MIB + 8192 * (index + 1), 'x'] as const);
    const found = await compare({}, Object.fromEntries(blocks));
    expect([found.count, found.places.length]).toEqual([3000, 1000]);
    expect(placeLines(found, Infinity).at(-1)).toBe('and 2000 more');
  });
});

describe('a place', () => {
  it.each([
    [[0, 440], 'bytes 0 to 439: boot code'],
    [[440, 441], 'byte 440: disk id'],
    [[446, 512], 'bytes 446 to 511: partition table'],
    [[512, 600], "bytes 512 to 599: boot loader: GRUB's core image, and the gap after it"],
    [
      [MIB, MIB + 4],
      'bytes 1048576 to 1048579: partition 1, before its superblock, byte 0 of the file system (block 0)',
    ],
    [
      [MIB + 1068, MIB + 1072],
      'bytes 1049644 to 1049647: partition 1, the superblock of its file system, byte 1068 of the file system (block 0)',
    ],
    [[MIB + 8193, MIB + 8194], 'byte 1056769: partition 1, byte 8193 of the file system (block 2)'],
  ] as const)('%j is named', ([start, end], line) => {
    expect(placeLines({ sizes: [1, 1], places: [{ start, end }], count: 1 }, 10)).toEqual([line]);
  });

  it('is one of some that are shown', () => {
    const places = [0, 10_000_000, 20_000_000].map((start) => ({ start, end: start + 1 }));
    expect(placeLines({ sizes: [1, 1], places, count: 7 }, 2)).toEqual([
      'byte 0: boot code',
      'byte 10000000: partition 1, byte 8951424 of the file system (block 2185)',
      'and 5 more',
    ]);
  });
});

it('areas have no gaps', () => {
  let at = 0;
  const ends: number[] = [];
  for (let area = areaAt(at); area.end < Infinity; area = areaAt(at)) {
    expect(area.start).toBe(at);
    at = area.end;
    ends.push(at);
  }
  expect(ends).toEqual([440, 446, 512, MIB, MIB + 1024, MIB + 2048]);
  expect(() => areaAt(-1)).toThrow(RangeError);
});

it.each([
  [[], [], []],
  [[[0, 4]], [], [[0, 4]]],
  [[[0, 4]], [[4, 4]], [[0, 8]]],
  [
    [
      [0, 10],
      [20, 5],
    ],
    [
      [2, 3],
      [22, 10],
    ],
    [
      [0, 10],
      [20, 12],
    ],
  ],
  [
    [[8, 2]],
    [[0, 2]],
    [
      [0, 2],
      [8, 2],
    ],
  ],
] as const)('union of %j and %j', (one, two, both) => {
  const ranges = (pairs: readonly (readonly [number, number])[]) =>
    pairs.map(([start, length]) => ({ start, length }));
  expect(union(ranges(one), ranges(two))).toEqual(ranges(both));
});

it.each([
  ['abc', 'abd', 2],
  ['abc', 'ab', 2],
  ['', 'x', 0],
])('%j and %j differ first at %d', (one, two, at) => {
  expect(firstDifference(Buffer.from(one), Buffer.from(two))).toBe(at);
});
