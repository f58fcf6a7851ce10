import { describe, expect, it } from 'vitest';
import { reportLines, type Report } from '../../../bench/report.js';
import { isMet, type Comparison } from '../../../bench/result.js';

const comparison = (aim: Comparison['aim'], value: number): Comparison => ({
  title: 'A / B',
  value,
  unit: 'x',
  aim,
  limit: 2,
});

const report: Report = {
  schema: 1,
  startedAt: '2026-01-02T03:04:05.000Z',
  runs: 3,
  machine: {
    cpu: 'A CPU',
    cores: 2,
    memoryBytes: 8e9,
    kernel: '6.1',
    accelerator: 'tcg',
    acceleratorReason: 'no vmx or svm flag',
    node: 'v20.19.0',
    qemu: '7.2',
    mayfly: '0.1.0',
    loadBefore: [0.5, 1, 2.25],
  },
  sections: [
    {
      name: 'version',
      measures: [{ title: 'mayfly --version', seconds: [0.5, 0.25, 12] }],
      comparisons: [comparison('most', 2.5)],
      notes: ['one thing more'],
    },
  ],
  failures: [{ section: 'box', message: 'no network' }],
};

describe('isMet', () => {
  it.each([
    { aim: 'most', value: 2, expected: true },
    { aim: 'most', value: 2.01, expected: false },
    { aim: 'least', value: 2, expected: true },
    { aim: 'least', value: 1.99, expected: false },
  ] as const)('$aim 2: $value', ({ aim, value, expected }) => {
    expect(isMet(comparison(aim, value))).toBe(expected);
  });

  it('knows of none where there is no aim', () => {
    expect(isMet({ title: 'A / B', value: 2, unit: 'x', aim: 'none' })).toBeUndefined();
  });
});

describe('reportLines', () => {
  it('shows the machine, the figures, the aims, the notes and what failed', () => {
    expect(reportLines(report)).toEqual([
      'started      2026-01-02T03:04:05.000Z, --runs 3',
      'CPU          A CPU, 2 cores',
      'memory       8.0 GB',
      'kernel       6.1',
      'accelerator  tcg: no vmx or svm flag',
      'Node.js      v20.19.0',
      'QEMU         7.2',
      'mayfly       0.1.0',
      'load before  0.50 1.00 2.25',
      '',
      'what was timed          runs      median         min         max',
      'mayfly --version           3     0.500 s     0.250 s     12.00 s',
      '',
      'of the medians       value         aim  ',
      'A / B                 2.50        <= 2  not met',
      '',
      'note: one thing more',
      '',
      'FAILED: box: no network',
      '',
    ]);
  });

  it('shows amounts, figures without an aim, and why something could not run', () => {
    const section = {
      name: 'archive',
      measures: [{ title: 'other', seconds: [], couldNotRun: 'The program other is not installed.' }],
      amounts: [{ title: 'fetched', bytes: [2e6, 4e6] }],
      comparisons: [
        { title: 'A / B', value: 2.5, unit: 'x', aim: 'none' },
        { title: 'bytes', value: 0, unit: 'B', aim: 'most', limit: 0 },
      ],
      notes: [],
    } as const;
    expect(reportLines({ ...report, sections: [section], failures: [] }).slice(9)).toEqual([
      '',
      'what was timed        runs      median         min         max',
      'other                    0           -           -    could not run: The program other is not installed.',
      '',
      'what was counted        runs      median         min         max',
      'fetched                    2      3.0 MB      2.0 MB      4.0 MB',
      '',
      'of the medians       value         aim  ',
      'A / B                 2.50        none  ',
      'bytes                  0 B      <= 0 B  met',
      '',
    ]);
  });

  it('leaves out what is empty', () => {
    const lines = reportLines({ ...report, sections: [], failures: [] });
    expect(lines.filter((line) => line === '')).toHaveLength(1);
  });
});
