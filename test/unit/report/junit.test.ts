import { XMLParser } from 'fast-xml-parser';
import { SyntaxValidator } from 'fast-xml-validator';
import { describe, expect, it } from 'vitest';
import { STEPS, type MayflyEvent } from '../../../src/report/events.js';
import { JunitCollector } from '../../../src/report/junit.js';

interface TestCase {
  readonly name: string;
  readonly classname: string;
  readonly time: string;
  readonly failure?: { readonly type?: string; readonly message: string; readonly '#text'?: string };
  readonly skipped?: string;
  readonly 'system-out'?: string;
}

interface Suite {
  readonly name: string;
  readonly tests: string;
  readonly failures: string;
  readonly skipped: string;
  readonly time: string;
  readonly testcase: readonly TestCase[];
}

/** As a CI system reads it. */
function suiteOf(events: readonly MayflyEvent[]): Suite {
  const collector = new JunitCollector();
  events.forEach(collector.report);
  const xml = collector.xml();
  // It throws at what is no XML.
  SyntaxValidator.validate(xml);
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', trimValues: false });
  const parsed = parser.parse(xml) as { testsuites: { testsuite: Suite } };
  return parsed.testsuites.testsuite;
}

const STARTED = { type: 'build-started', build: 'b', project: 'tails', ref: 'stable', commit: 'c' } as const;
const start = (step: (typeof STEPS)[number]): MayflyEvent => ({ type: 'step-started', step, title: step });
const end = (
  step: (typeof STEPS)[number],
  outcome: 'ok' | 'failed' | 'reused' = 'ok',
  seconds = 1.5,
): MayflyEvent => ({ type: 'step-finished', step, outcome, seconds });
const say = (step: (typeof STEPS)[number], line: string): MayflyEvent => ({
  type: 'output',
  step,
  stream: 'stdout',
  line,
});
const failed = (message: string): MayflyEvent => ({
  type: 'failed',
  kind: 'script',
  code: 'build.failed',
  message,
  details: ['why & how'],
  hint: 'Try <this>.',
});
const finished = (outcome: 'success' | 'failure' | 'interrupted'): MayflyEvent => ({
  type: 'build-finished',
  outcome,
  seconds: 12.25,
});

const named = (suite: Suite, name: string): TestCase | undefined =>
  suite.testcase.find((each) => each.name === name);

describe('a build', () => {
  it('that succeeds: a test case a step, in their order', () => {
    const suite = suiteOf([
      STARTED,
      ...STEPS.flatMap((step) => [start(step), end(step, step === 'box' ? 'reused' : 'ok')]),
      finished('success'),
    ]);
    expect(suite).toMatchObject({
      name: 'tails stable',
      tests: String(STEPS.length),
      failures: '0',
      skipped: '0',
      time: '12.25',
    });
    expect(suite.testcase.map(({ name }) => name)).toEqual(STEPS);
    expect(suite.testcase[1]).toEqual({ name: 'plan', classname: 'mayfly.build', time: '1.5' });
  });

  it('that fails: its step, with the reason and the end of its output; those that never ran', () => {
    const suite = suiteOf([
      STARTED,
      ...STEPS.slice(0, 7).flatMap((step) => [start(step), say(step, `of ${step}`), end(step)]),
      start('build'),
      ...Array.from({ length: 300 }, (_, line) => say('build', `line ${line}`)),
      end('build', 'failed', 60),
      start('destroy'),
      say('destroy', 'unmounted'),
      end('destroy'),
      failed('It failed.'),
      finished('failure'),
    ]);
    expect(suite).toMatchObject({ failures: '1', skipped: '2' });
    const build = named(suite, 'build');
    expect(build).toMatchObject({
      time: '60',
      failure: {
        type: 'build.failed',
        message: 'It failed.',
        '#text': 'It failed.\nwhy & how\nTry <this>.',
      },
    });
    const lines = build?.['system-out']?.split('\n') ?? [];
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([200, 'line 100', 'line 299']);
    expect(named(suite, 'publish')).toHaveProperty('skipped');
    expect(named(suite, 'destroy')).not.toHaveProperty('failure');
  });

  it('that fails before its first step, or is killed: seen all the same', () => {
    const suite = suiteOf([failed('No memory.'), finished('failure')]);
    expect(suite).toMatchObject({ name: 'build', failures: '1', skipped: String(STEPS.length) });
    expect(named(suite, 'mayfly')?.failure?.message).toBe('No memory.');
    expect(suiteOf([])).toMatchObject({ failures: '0', skipped: String(STEPS.length) });
  });

  it('two steps of one name count once, and the first failure has the words', () => {
    const suite = suiteOf([
      ...[start('destroy'), end('destroy'), start('build'), end('build', 'failed')],
      ...[start('destroy'), end('destroy', 'failed'), failed('It failed.'), finished('failure')],
    ]);
    expect(suite.failures).toBe('2');
    expect(named(suite, 'destroy')).toMatchObject({ time: '3', failure: { message: 'destroy failed' } });
    expect(named(suite, 'build')?.failure?.message).toBe('It failed.');
  });
});

it('what a guest prints cannot break the file', () => {
  const hostile = 'a\u0000b\u001b[31m ]]> <x y="&"> \ud800 \u202e \ufffe 😀';
  const suite = suiteOf([
    { ...STARTED, ref: 'a"<b>\n&' },
    start('build'),
    say('build', hostile),
    end('build', 'failed'),
    failed(hostile),
    finished('failure'),
  ]);
  expect(suite.name).toBe('tails a"<b> &');
  expect(named(suite, 'build')?.['system-out']).toBe('ab ]]> <x y="&">    😀');
});

it('an artifact that came out whole is a test case, with its checksum', () => {
  const sha256 = 'a'.repeat(64);
  const artifact: MayflyEvent = { type: 'artifact', name: 'a & b.iso', bytes: 3, sha256 };
  const suite = suiteOf([STARTED, start('publish'), artifact, end('publish'), finished('success')]);
  expect(Number(suite.tests)).toBe(STEPS.length + 1);
  expect(suite.testcase.filter(({ classname }) => classname === 'mayfly.artifacts')).toMatchObject([
    { name: 'a & b.iso', 'system-out': `3 bytes, SHA-256 ${sha256}` },
  ]);
});
