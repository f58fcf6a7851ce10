/** The results as plain text. Pure. */
import { table } from '../src/cli/common.js';
import { formatBytes } from '../src/report/format.js';
import type { Machine } from './machine.js';
import { isMet, type Comparison, type Measure, type SectionResult } from './result.js';
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
  const comparisons = report.sections.flatMap((section) => section.comparisons);
  const notes = report.sections.flatMap((section) => section.notes);
  const blocks = [
    machineLines(report),
    measures.length === 0 ? [] : table([MEASURE_HEAD, ...measures.map(measureRow)]),
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
const seconds = (value: number): string => right(`${value.toFixed(value < 1 ? 3 : 2)} s`);

const MEASURE_HEAD = ['what was timed', right('runs'), right('median'), right('min'), right('max')];

function measureRow(measure: Measure): readonly string[] {
  const { n, median, min, max } = summarize(measure.seconds);
  return [measure.title, right(String(n)), seconds(median), seconds(min), seconds(max)];
}

const COMPARISON_HEAD = ['of the medians', right('value'), right('aim'), ''];

function comparisonRow(comparison: Comparison): readonly string[] {
  const { title, value, unit, aim, limit } = comparison;
  const sign = aim === 'most' ? '<=' : '>=';
  return [
    title,
    right(unit === 's' ? `${value.toFixed(1)} s` : value.toFixed(2)),
    right(`${sign} ${limit}${unit === 's' ? ' s' : ''}`),
    isMet(comparison) ? 'met' : 'not met',
  ];
}
