import { describe, expect, test } from 'vitest';
import { MayflyError } from '../../../src/errors.js';
import { changelogDate, parseRfc2822 } from '../../../src/source/changelog-date.js';

describe('parseRfc2822', () => {
  test.each([
    ['Mon, 11 Oct 2021 12:00:00 +0000', 1633953600],
    ['Mon, 11 Oct 2021 14:00:00 +0200', 1633953600],
    ['Mon, 11 Oct 2021 06:30:00 -0530', 1633953600],
    ['11 Oct 2021 12:00:00 +0000', 1633953600],
    ['11 Oct 2021 12:00 +0000', 1633953600],
    ['Fri,  1 Jan 2021 00:00:00 +0000', 1609459200],
    ['Thu, 29 Feb 2024 23:59:60 +0000', 1709251200],
  ])('%s', (text, seconds) => {
    expect(parseRfc2822(text)).toBe(seconds);
  });

  test.each([
    '2021-10-11T12:00:00Z',
    'Mon, 31 Feb 2021 12:00:00 +0000',
    'Mon, 11 Okt 2021 12:00:00 +0000',
    'Mon, 11 Oct 2021 24:00:00 +0000',
    'Mon, 11 Oct 2021 12:60:00 +0000',
    'Mon, 11 Oct 21 12:00:00 +0000',
    'Mon, 11 Oct 2021 12:00:00',
    'Mon, 11 Oct 2021 12:00:00 CEST',
    '',
  ])('not a date: %j', (text) => {
    expect(parseRfc2822(text)).toBeUndefined();
  });
});

const OLD =
  'tails (4.22) unstable; urgency=medium\n\n  * Old.\n\n -- Ada <ada@example.org>  Fri, 01 Jan 2021 00:00:00 +0000\n';

function entry(trailer: string): string {
  return `tails (4.23) UNRELEASED; urgency=medium\n\n  * New -- really.\n\n${trailer}\n\n${OLD}`;
}

describe('changelogDate', () => {
  test('is that of the newest entry', () => {
    expect(changelogDate(entry(' -- Ada Löve <ada@example.org>  Mon, 11 Oct 2021 12:00:00 +0000'))).toBe(
      1633953600,
    );
  });

  test.each([' --', ' --  ', ' -- Ada <ada@example.org>'])(
    'passes over an unfinished entry: %j',
    (trailer) => {
      expect(changelogDate(entry(trailer))).toBe(1609459200);
    },
  );

  test('is undefined without an entry', () => {
    expect(changelogDate('')).toBeUndefined();
    expect(changelogDate('tails (1) UNRELEASED\n\n  * Nothing yet.\n')).toBeUndefined();
  });

  test.each(['yesterday', 'Mon, 11 Oct 1921 12:00:00 +0000'])(
    'an unreadable date is an error: %s',
    (date) => {
      const read = (): unknown => changelogDate(entry(` -- Ada <ada@example.org>  ${date}`));
      expect(read).toThrow(MayflyError);
      expect(read).toThrow(date);
    },
  );
});
