/** What is told while a base box is made. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BoxProgress, phaseOf } from '../../../src/basebox/progress.js';
import { mmdebstrapArguments } from '../../../src/basebox/rootfs.js';
import type { MayflyEvent, Traffic } from '../../../src/report/events.js';
import { SPEC } from './spec.js';

describe('phaseOf', () => {
  it.each([
    ['I: running apt-get update...', 'package lists'],
    ['I: downloading packages with apt...', 'essential packages'],
    ['I: extracting archives...', undefined],
    ['I: installing essential packages...', undefined],
    ['I: installing remaining packages inside the chroot...', undefined],
    ['I: creating tarball...', undefined],
    ['I: automatically chosen format: tar', undefined],
    ['E: running apt-get update failed', undefined],
    ['', undefined],
  ])('%j → %j', (line, name) => {
    expect(phaseOf(line)).toBe(name);
  });

  it('knows each hook once', () => {
    const paths = {
      setup: '/s',
      postinstall: '/scratch/postinstall',
      output: '/scratch',
      memoryBytes: 2 ** 31,
    };
    const hooks = mmdebstrapArguments({ ...SPEC, postinstall: 'true\n' }, paths).flatMap((argument) => {
      const hook = /^--(\w+-hook)=(.*)/s.exec(argument);
      return hook === null
        ? []
        : [`I: running --${hook[1] ?? ''} in shell: sh -c '${hook[2] ?? ''}' exec /tmp/x`];
    });
    expect(hooks.length).toBeGreaterThan(8);
    expect(hooks.map(phaseOf).filter((name) => name !== undefined)).toEqual([
      'download',
      'packages',
      'settings',
      'basebox/postinstall',
      'packing',
    ]);
  });
});

describe('the progress of a box', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const rig = (expectedBytes?: number) => {
    const events: MayflyEvent[] = [];
    // What was handed out before, for something else, does not count.
    let now: Traffic = { bytes: 50, downloaded: 50 };
    const progress = new BoxProgress({
      report: (event) => events.push(event),
      traffic: () => now,
      ...(expectedBytes === undefined ? {} : { expectedBytes }),
    });
    const take = (bytes: number, downloaded: number): void => {
      now = { bytes: now.bytes + bytes, downloaded: now.downloaded + downloaded };
    };
    return { events, progress, take };
  };

  it('names each phase, with time and traffic so far', () => {
    const { events, progress, take } = rig(2000);
    progress.follow('I: running apt-get update...');
    take(1000, 400);
    vi.advanceTimersByTime(300);
    progress.follow('I: unknown');
    progress.follow('I: downloading packages with apt...');
    progress[Symbol.dispose]();
    expect(events).toMatchObject([
      {
        type: 'phase',
        step: 'box',
        name: 'package lists',
        traffic: { bytes: 0, downloaded: 0, expected: 2000 },
      },
      {
        type: 'phase',
        name: 'essential packages',
        traffic: { bytes: 1000, downloaded: 400, expected: 2000 },
      },
    ]);
    expect(events[1]).toHaveProperty('seconds', 0.3);
  });

  it('tells what was taken twice a second at most, and nothing while nothing comes', () => {
    const { events, progress, take } = rig();
    progress.begin('packages');
    for (let time = 0; time < 2000; time += 10) {
      take(10, 10);
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(60_000);
    progress[Symbol.dispose]();
    take(10, 10);
    vi.advanceTimersByTime(1000);
    const told = events.flatMap((event) => (event.type === 'progress' ? [event.text] : []));
    expect(told).toEqual(['500 B downloaded', '1.0 kB downloaded', '1.5 kB downloaded', '2.0 kB downloaded']);
    expect(events[0]).not.toHaveProperty('traffic.expected');
  });
});
