/** Where two raw disks of boxes differ. Both are read as they are compared, and what neither holds is not read at all. */
import { open } from 'node:fs/promises';
import { dataRanges, readRange, type Range } from '../process/sparse.js';
import { areaAt, inFileSystem } from './areas.js';
import { BLOCK } from './disk.js';

/** From the first byte that differs to the last, in blocks that follow each other, within one area of the disk. */
export interface Place {
  readonly start: number;
  /** The first byte after it. */
  readonly end: number;
}

export interface DiskDifferences {
  /** Bytes of each disk. What one has more than the other is not compared. */
  readonly sizes: readonly [number, number];
  /** The first of them. */
  readonly places: readonly Place[];
  /** Of all. */
  readonly count: number;
}

/** Places that are kept. */
const MOST = 1000;

export async function compareDisks(one: string, two: string, signal: AbortSignal): Promise<DiskDifferences> {
  await using first = await open(one, 'r');
  await using second = await open(two, 'r');
  const sizes = [(await first.stat()).size, (await second.stat()).size] as const;
  const whole = { start: 0, length: Math.min(...sizes) };
  const data = union(await dataRanges(one, signal), await dataRanges(two, signal));
  const places = new Places();
  // Cut alike, as both are read by the same ranges.
  const others = readRange(second, whole, data, signal);
  try {
    for await (const { at, bytes, hole } of readRange(first, whole, data, signal)) {
      const other = await others.next();
      if (other.done === true) throw new Error('the disks were not read alike');
      if (!hole) places.compare(at, bytes, other.value.bytes);
    }
  } finally {
    await others.return(undefined);
  }
  return { sizes, places: places.list(), count: places.count };
}

/** What either holds, in order. Pure. */
export function union(one: readonly Range[], two: readonly Range[]): readonly Range[] {
  const all = [...one, ...two].sort((a, b) => a.start - b.start);
  const merged: Range[] = [];
  for (const { start, length } of all) {
    const last = merged.at(-1);
    if (last === undefined || start > last.start + last.length) merged.push({ start, length });
    else {
      const end = Math.max(last.start + last.length, start + length);
      merged[merged.length - 1] = { start: last.start, length: end - last.start };
    }
  }
  return merged;
}

class Places {
  count = 0;
  readonly #kept: Place[] = [];
  #last: Place | undefined;
  /** Where the part that was found to differ last ends: the next one may go on there. */
  #reach = -1;

  /** @param at of the first byte, from the start of the disk */
  compare(at: number, one: Buffer, two: Buffer): void {
    if (one.equals(two)) return;
    const end = at + one.length;
    for (let start = at; start < end;) {
      const area = areaAt(start);
      const stop = Math.min(end, area.end, (Math.floor(start / BLOCK) + 1) * BLOCK);
      const [a, b] = [one, two].map((bytes) => bytes.subarray(start - at, stop - at)) as [Buffer, Buffer];
      if (!a.equals(b)) this.#add(start, stop, a, b);
      start = stop;
    }
  }

  #add(start: number, stop: number, a: Buffer, b: Buffer): void {
    const from = start + firstDifference(a, b);
    let to = stop;
    while (a[to - start - 1] === b[to - start - 1]) to -= 1;
    const goesOn =
      this.#reach === start && this.#last !== undefined && areaAt(this.#last.start) === areaAt(start);
    this.#reach = stop;
    if (goesOn && this.#last !== undefined) this.#last = { start: this.#last.start, end: to };
    else {
      this.#keep();
      this.#last = { start: from, end: to };
      this.count += 1;
    }
  }

  #keep(): void {
    if (this.#last !== undefined && this.#kept.length < MOST) this.#kept.push(this.#last);
    this.#last = undefined;
  }

  list(): readonly Place[] {
    this.#keep();
    return this.#kept;
  }
}

/** Of the first byte that differs; where one ends when it begins the other. Pure. */
export function firstDifference(one: Buffer, two: Buffer): number {
  const length = Math.min(one.length, two.length);
  for (let index = 0; index < length; index += 1) if (one[index] !== two[index]) return index;
  return length;
}

/** One line for each place, of the first `most`, and one for the others. Pure. */
export function placeLines({ sizes, places, count }: DiskDifferences, most: number): readonly string[] {
  const lines = places.slice(0, most).map(placeLine);
  const [one, two] = sizes;
  return [
    ...(one === two ? [] : [`one has ${one} bytes, the other ${two}`]),
    ...lines,
    ...(count > lines.length ? [`and ${count - lines.length} more`] : []),
  ];
}

function placeLine({ start, end }: Place): string {
  const range = end - start === 1 ? `byte ${start}` : `bytes ${start} to ${end - 1}`;
  const inside = inFileSystem(start);
  const where =
    inside === undefined ? '' : `, byte ${inside} of the file system (block ${Math.floor(inside / BLOCK)})`;
  return `${range}: ${areaAt(start).name}${where}`;
}
