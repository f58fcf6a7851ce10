/**
 * The date of the newest entry of `debian/changelog`. It dates the merge with the base branch, so
 * that everyone who merges the same commits gets the same merge commit.
 */
import { MayflyError } from '../errors.js';

export const CHANGELOG_FILE = 'debian/changelog';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** RFC 2822, section 3.3, with a numeric zone: `Mon, 11 Oct 2021 12:34:56 +0200`. */
const RFC2822 =
  /^(?:[A-Z][a-z]{2},\s*)?(\d{1,2})\s+([A-Z][a-z]{2})\s+(\d{4})\s+(\d{2}):(\d{2})(?::(\d{2}))?\s+([+-])(\d{2})([0-5]\d)$/;

/** @returns seconds since the epoch; undefined when the text is not such a date */
export function parseRfc2822(text: string): number | undefined {
  const match = RFC2822.exec(text.trim());
  if (match === null) return undefined;
  const [, day, monthName, year, hour, minute, second = '0', sign, zoneHours, zoneMinutes] = match;
  const month = MONTHS.indexOf(monthName ?? '');
  if (month < 0 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const midnight = new Date(Date.UTC(Number(year), month, Number(day)));
  // Date.UTC turns 31 February into 3 March.
  if (midnight.getUTCDate() !== Number(day)) return undefined;
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60 * (sign === '-' ? -1 : 1);
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  return midnight.getTime() / 1000 + seconds - offset;
}

/**
 * The date on the first finished trailer line, ` -- Name <address>  date` (deb-changelog(5)).
 * An entry that is still being written has a trailer without a date, and is passed over.
 * @returns seconds since the epoch; undefined when there is no finished entry
 * @throws MayflyError `source.changelog-date` (usage) when the date cannot be read
 */
export function changelogDate(changelog: string): number | undefined {
  for (const line of changelog.split('\n')) {
    if (!line.startsWith(' --')) continue;
    const rest = line.slice(' --'.length).trim();
    if (rest === '') continue;
    const date = /<[^<>]*>\s*(.*)$/.exec(rest)?.[1] ?? '';
    if (date === '') continue;
    const seconds = parseRfc2822(date);
    // Git stores no date before 1970.
    if (seconds !== undefined && seconds >= 0) return seconds;
    throw new MayflyError(
      'usage',
      'source.changelog-date',
      `The newest entry of ${CHANGELOG_FILE} has a date that cannot be read: "${date}".`,
      { hint: 'Write it as in `Mon, 11 Oct 2021 12:34:56 +0200` (the output of `date -R`) and commit it.' },
    );
  }
  return undefined;
}
