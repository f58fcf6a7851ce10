/** The values that measurements hand to the report; out/bench.json holds them as they are. */

/** One thing that was timed, any number of times. */
export interface Measure {
  readonly title: string;
  /** In the order in which they were taken. */
  readonly seconds: readonly number[];
}

/** A figure that has an aim. */
export interface Comparison {
  readonly title: string;
  readonly value: number;
  readonly unit: 's' | 'x';
  /** `most`: the value is not to be above `limit`; `least`: not below. */
  readonly aim: 'most' | 'least';
  readonly limit: number;
}

export interface SectionResult {
  readonly name: string;
  readonly measures: readonly Measure[];
  readonly comparisons: readonly Comparison[];
  /** What the figures do not say by themselves. */
  readonly notes: readonly string[];
}

export function isMet({ value, aim, limit }: Comparison): boolean {
  return aim === 'most' ? value <= limit : value >= limit;
}
