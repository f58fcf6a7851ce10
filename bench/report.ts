/** The results as plain text. Pure. */
import { table } from '../src/cli/common.js';
import { formatBytes } from '../src/report/format.js';
import type { Machine } from './machine.js';
import { isMet, type Amount, type Comparison, type Measure, type SectionResult } from './result.js';
import { summarize } from './statistics.js';

export interface Failure {
  readonly section: string;
  readonly message: string;
}

export interface Report {
  readonly schema: 1;
  readonly startedAt: string;
  readonly runs: number;
  readonly machine: Machine;
  readonly sections: readonly SectionResult[];
  readonly failures: readonly Failure[];
}

export function reportLines(report: Report): readonly string[] {
  const measures = report.sections.flatMap((section) => section.measures);
  const amounts = report.sections.flatMap((section) => section.amounts ?? []);
  const comparisons = report.sections.flatMap((section) => section.comparisons);
  const notes = report.sections.flatMap((section) => section.notes);
  const blocks = [
    machineLines(report),
    measures.length === 0 ? [] : table([MEASURE_HEAD, ...measures.map(measureRow)]),
    amounts.length === 0 ? [] : table([AMOUNT_HEAD, ...amounts.map(amountRow)]),
    comparisons.length === 0 ? [] : table([COMPARISON_HEAD, ...comparisons.map(comparisonRow)]),
    notes.map((note) => `note: ${note}`),
    report.failures.map(({ section, message }) => `FAILED: ${section}: ${message}`),
  ];
  return blocks.filter((block) => block.length > 0).flatMap((block) => [...block, '']);
}

function machineLines({ machine, startedAt, runs }: Report): readonly string[] {
  return table([
    ['started', `${startedAt}, --runs ${runs}`],
    ['CPU', `${machine.cpu}, ${machine.cores} cores`],
    ['memory', formatBytes(machine.memoryBytes)],
    ['kernel', machine.kernel],
    ['accelerator', `${machine.accelerator}: ${machine.acceleratorReason}`],
    ['Node.js', machine.node],
    ['QEMU', machine.qemu],
    ['mayfly', machine.mayfly],
    ['load before', machine.loadBefore.map((value) => value.toFixed(2)).join(' ')],
  ]);
}

const WIDTH = 10;
const right = (text: string): string => text.padStart(WIDTH);
const seconds = (value: number): string => `${value.toFixed(value < 1 ? 3 : 2)} s`;

const SUMMARY_HEAD = [right('runs'), right('median'), right('min'), right('max')];
const MEASURE_HEAD = ['what was timed', ...SUMMARY_HEAD];
const AMOUNT_HEAD = ['what was counted', ...SUMMARY_HEAD];

const measureRow = (measure: Measure): readonly string[] => row(measure, measure.seconds, seconds);
const amountRow = (amount: Amount): readonly string[] => row(amount, amount.bytes, formatBytes);

function row(
  { title, couldNotRun }: Pick<Measure, 'title' | 'couldNotRun'>,
  values: readonly number[],
  format: (value: number) => string,
): readonly string[] {
  // In the last column, which may be as long as it likes.
  if (couldNotRun !== undefined)
    return [title, right('0'), right('-'), right('-'), `  could not run: ${couldNotRun}`];
  const { n, median, min, max } = summarize(values);
  return [title, ...[String(n), ...[median, min, max].map(format)].map(right)];
}

const COMPARISON_HEAD = ['of the medians', right('value'), right('aim'), ''];

function comparisonRow(comparison: Comparison): readonly string[] {
  const { title, value, unit, aim } = comparison;
  const isInSeconds = unit === 's';
  const shown = unit === 'B' ? formatBytes(value) : isInSeconds ? `${value.toFixed(1)} s` : value.toFixed(2);
  if (aim === 'none') return [title, right(shown), right('none'), ''];
  const limit =
    unit === 'B' ? formatBytes(comparison.limit) : `${comparison.limit}${isInSeconds ? ' s' : ''}`;
  return [
    title,
    right(shown),
    right(`${aim === 'most' ? '<=' : '>='} ${limit}`),
    isMet(comparison) === true ? 'met' : 'not met',
  ];
}
