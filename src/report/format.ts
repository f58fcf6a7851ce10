/** Figures in words for people. */
import type { Traffic } from './events.js';

/** `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** Decimal units, as disks and downloads are sold: `512 B`, `1.5 MB`. */
export function formatBytes(bytes: number): string {
  return scale(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB']);
}

/** `84.0 MB of about 200 MB downloaded`; empty while there is nothing to tell. What is more than was expected has no total. */
export function formatTraffic({ bytes, downloaded, expected }: Traffic): string {
  if (bytes === 0) return '';
  const total = expected === undefined || expected < bytes ? '' : ` of about ${formatBytes(expected)}`;
  const all = formatBytes(bytes) + total;
  if (downloaded === 0) return `${all} from the local archive`;
  if (downloaded === bytes) return `${all} downloaded`;
  return `${all}, ${formatBytes(downloaded)} of it downloaded`;
}

/** Binary units, as memory is made and as QEMU reads `1536M`: `512 MiB`, `1.5 GiB`. */
export function formatMemory(bytes: number): string {
  return scale(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

function scale(bytes: number, step: number, units: readonly string[]): string {
  let value = bytes;
  let unit = 0;
  while (value >= step - 0.5 && unit < units.length - 1) {
    value /= step;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Cuts a text to a width in columns; wide characters count as one, which is close enough for a status line. */
export function truncate(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}
