/** What is said of repeated measurements. Medians, not means: one disturbed run must not shift the figure. */

export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The middle of the values, or the mean of the two in the middle. The order of the values does not matter.
 * @throws RangeError when there are none, or one is not a finite number
 */
export function median(values: readonly number[]): number {
  const sorted = checked(values).toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined)
    throw new RangeError('there is nothing to take a median of');
  return (lower + upper) / 2;
}

/** @throws RangeError as `median` does */
export function summarize(values: readonly number[]): Summary {
  return { n: values.length, median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

function checked(values: readonly number[]): readonly number[] {
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new RangeError(`${wrong} is not a measurement`);
  return values;
}
