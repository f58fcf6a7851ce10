/** The values that measurements hand to the report; out/bench.json holds them as they are. */

/** One thing that was timed, any number of times. */
export interface Measure {
  readonly title: string;
  /** In the order in which they were taken; none when it could not run. */
  readonly seconds: readonly number[];
  /** Why it could not run on this machine. There is then no figure, rather than a guess. */
  readonly couldNotRun?: string;
}

/** One thing that was counted in bytes, any number of times. */
export interface Amount {
  readonly title: string;
  readonly bytes: readonly number[];
  readonly couldNotRun?: string;
}

interface Figure {
  readonly title: string;
  readonly value: number;
  /** Seconds, a ratio, or bytes. */
  readonly unit: 's' | 'x' | 'B';
}

/** A figure that has an aim, or stands for itself. */
export type Comparison = Figure &
  (
    | {
        /** `most`: the value is not to be above `limit`; `least`: not below. */
        readonly aim: 'most' | 'least';
        readonly limit: number;
      }
    | { readonly aim: 'none' }
  );

export interface SectionResult {
  readonly name: string;
  readonly measures: readonly Measure[];
  readonly amounts?: readonly Amount[];
  readonly comparisons: readonly Comparison[];
  /** What the figures do not say by themselves. */
  readonly notes: readonly string[];
}

/** Undefined when there is no aim. */
export function isMet(comparison: Comparison): boolean | undefined {
  const { value, aim } = comparison;
  if (aim === 'none') return undefined;
  return aim === 'most' ? value <= comparison.limit : value >= comparison.limit;
}
