/** Sizes and durations as people write them: text on one side, bytes and seconds on the other. */

export const SIZE_PATTERN = /^\d+(?:\.\d+)?[KMGT]$/;
export const DURATION_PATTERN = /^(?=\d)(?:\d+h)?(?:\d+m)?(?:\d+s)?$/;

/** Binary units, as QEMU and systemd read the same letters. Bytes. */
const UNITS = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const;

/** A timer of Node.js holds 2^31-1 milliseconds, about 24 days; a longer one fires at once. Seconds. */
const LONGEST_DURATION = 20 * 24 * 3600;

/**
 * A size in bytes: `512M`, `1.5G`, or a whole number of bytes.
 * @returns undefined when it is not one, or too large to count exactly
 */
export function parseSize(size: string | number): number | undefined {
  const bytes = typeof size === 'number' ? size : bytesOf(size);
  return bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}

function bytesOf(text: string): number | undefined {
  if (!SIZE_PATTERN.test(text)) return undefined;
  const unit = text.slice(-1) as keyof typeof UNITS;
  return Math.round(Number(text.slice(0, -1)) * UNITS[unit]);
}

/** Bytes in the largest unit that leaves a number of at least 1, with one digit after the point at most. */
export function formatSize(bytes: number): string {
  for (const unit of ['T', 'G', 'M', 'K'] as const) {
    if (bytes >= UNITS[unit]) return `${Math.round((bytes / UNITS[unit]) * 10) / 10}${unit}`;
  }
  return `${bytes} bytes`;
}

/**
 * A duration in seconds: `2h`, `90m`, `1h30m`, `45s`.
 * @returns undefined when it is not one, is nothing at all, or is longer than 480 hours
 */
export function parseDuration(text: string): number | undefined {
  if (!DURATION_PATTERN.test(text)) return undefined;
  const amount = (unit: string): number => Number(new RegExp(`(\\d+)${unit}`).exec(text)?.[1] ?? 0);
  const seconds = amount('h') * 3600 + amount('m') * 60 + amount('s');
  return seconds > 0 && seconds <= LONGEST_DURATION ? seconds : undefined;
}
