import { describe, expect, it } from 'vitest';
import { checkSerial, isAhead, isFrozen, nextSerial, serialDate } from '../../../src/snapshots/serial.js';
import { frozenSerials, thawedSerials } from '../../../src/snapshots/freeze.js';
import { resolvedSerials, serialsOfVariable } from '../../../src/snapshots/resolve.js';

describe('a serial', () => {
  it.each([
    ['2026010203', '2026-01-02T00:00:00.000Z'],
    ['2024022901', '2024-02-29T00:00:00.000Z'],
    ['20260102T030405Z', '2026-01-02T03:04:05.000Z'],
  ])('%s is of %s', (serial, date) => {
    expect(serialDate(serial)?.toISOString()).toBe(date);
    expect(isFrozen(serial)).toBe(true);
  });

  it.each([
    'latest',
    '',
    '2026',
    '2026023101',
    '2026130101',
    '2026010203 ',
    '20260102T030405',
    '../20260102',
  ])('%j is none', (serial) => {
    expect(isFrozen(serial)).toBe(false);
  });

  it('is checked where it is read', () => {
    expect(checkSerial('latest', 'x')).toBe('latest');
    expect(() => checkSerial('2026023101', 'the file')).toThrow(
      'the file holds "2026023101", which is no serial',
    );
  });

  it('counts the snapshots of a day', () => {
    const now = new Date('2026-01-02T23:59:59Z');
    expect(nextSerial([], now)).toBe('2026010201');
    expect(nextSerial(['2026010101', '2026010209', '2026010203'], now)).toBe('2026010210');
    expect(nextSerial(['20260102T030405Z'], now)).toBe('2026010201');
    expect(() => nextSerial(['2026010299'], now)).toThrow('99 snapshots of 20260102');
  });

  it('is later than all that are known, also when the clock was ahead once', () => {
    const now = new Date('2026-01-02T15:10:00Z');
    expect(nextSerial(['2026010201', '2026010301'], now)).toBe('2026010302');
    expect(nextSerial(['2026010399', '2026010205'], now)).toBe('2026010401');
    expect(nextSerial(['2026123199'], now)).toBe('2027010101');
    expect(isAhead('2026010301', now)).toBe(true);
    expect(isAhead('2026010299', now)).toBe(false);
  });
});

describe('freezing', () => {
  const newest = { debian: '2026010203', 'debian-security': '2026010204' };

  it('leaves fixes of security moving, unless told otherwise', () => {
    expect(frozenSerials(newest)).toEqual({ debian: '2026010203', 'debian-security': 'latest' });
    expect(frozenSerials(newest, { security: true })).toEqual(newest);
    expect(thawedSerials(['debian'])).toEqual({ debian: 'latest' });
  });
});

describe('resolving', () => {
  it('takes the newest for what is at latest, and what is given before all', () => {
    const wanted = { debian: '2026010101', 'debian-security': 'latest', extra: 'latest' };
    const newest = { debian: '2026010299', 'debian-security': '2026010203', extra: '2026010204' };
    expect(resolvedSerials(wanted, { extra: '2025010101' }, newest)).toEqual({
      debian: '2026010101',
      'debian-security': '2026010203',
      extra: '2025010101',
    });
  });

  it('fails where there is nothing to take', () => {
    expect(() => resolvedSerials({ debian: 'latest' }, {}, {})).toThrow('no snapshot of debian');
  });

  it.each([
    ['{"debian":"2026010203"}', { debian: '2026010203' }],
    ['{}', {}],
  ])('reads %s', (text, serials) => {
    expect(serialsOfVariable(text)).toEqual(serials);
  });

  it.each([
    ['nonsense', 'not a JSON object'],
    ['["2026010203"]', 'not a JSON object'],
    ['{"debian":2026010203}', 'not a JSON object'],
    ['{"debian":"latest"}', 'has latest for debian'],
    ['{"debian":"soon"}', 'which is no serial'],
  ])('refuses %s', (text, message) => {
    expect(() => serialsOfVariable(text)).toThrow(message);
  });
});
