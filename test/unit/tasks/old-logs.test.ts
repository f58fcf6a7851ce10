import { describe, expect, it } from 'vitest';
import { oldLogs, type KnownLog } from '../../../src/tasks/old-logs.js';

const NOW = new Date('2026-10-01T00:00:00Z');
const OLD = new Date('2026-01-01T00:00:00Z');

type About = NonNullable<KnownLog['about']>;

function log(id: string, about: Partial<About> = {}, more: Partial<KnownLog> = {}): KnownLog {
  return {
    id,
    about: { checkout: '/a', vm: undefined, isRunning: false, hasSucceeded: false, ...about },
    hasMore: false,
    changedAt: OLD,
    bytes: 1,
    ...more,
  };
}

/** Of the same checkout, and never among those that go. */
const NEWEST = log('9');

function gone(logs: readonly KnownLog[], options: { days?: number; vms?: readonly string[] } = {}) {
  const { days = 183, vms = [] } = options;
  return oldLogs([...logs, NEWEST], { now: NOW, days, vms: new Set(vms) }).map(({ id }) => id);
}

describe('a log goes', () => {
  it.each([
    ['when it is old', log('1')],
    ['when its VM is gone', log('1', { vm: 'vm' })],
    ['when a later build of its checkout succeeded too', log('1', { hasSucceeded: true })],
  ])('%s', (_, one) => {
    expect(gone([one, log('2', { hasSucceeded: true })])).toEqual(['1']);
  });

  it('at the age that is asked for', () => {
    const one = log('1', {}, { changedAt: new Date(NOW.getTime() - 10 * 24 * 3600 * 1000) });
    expect(gone([one], { days: 11 })).toEqual([]);
    expect(gone([one], { days: 9 })).toEqual(['1']);
    expect(gone([one], { days: 0 })).toEqual(['1']);
  });
});

describe('a log stays, whatever its age', () => {
  it.each([
    ['of a build that runs', log('1', { isRunning: true })],
    ['of a VM that is there', log('1', { vm: 'vm' })],
    ['of nobody knows what', log('1', {}, { about: undefined })],
    ['that has more beside it', log('1', {}, { hasMore: true })],
    ['of the newest success of its checkout', log('1', { hasSucceeded: true })],
    ['that is the newest of its checkout', log('1', { checkout: '/b' })],
  ])('%s', (_, one) => {
    expect(gone([one], { days: 0, vms: ['vm'] })).toEqual([]);
  });

  it('when it was written to lately, however long ago it began', () => {
    expect(gone([log('1', {}, { changedAt: NOW })])).toEqual([]);
  });
});

it('the order in which logs are found does not matter', () => {
  const logs = [NEWEST, log('5'), log('1', { hasSucceeded: true }), log('3', { hasSucceeded: true })];
  const options = { now: NOW, days: 183, vms: new Set<string>() };
  const sorted = (found: readonly KnownLog[]) =>
    oldLogs(found, options)
      .map(({ id }) => id)
      .sort();
  expect(sorted(logs)).toEqual(['1', '5']);
  expect(sorted([...logs].reverse())).toEqual(['1', '5']);
});
