import { describe, expect, it } from 'vitest';
import type { MayflyEvent } from '../../../src/report/events.js';
import { jsonLinesReport, plainLines, plainReport, type Verbosity } from '../../../src/report/plain.js';
import { STORY } from './events.js';

const told = (verbosity: Verbosity): string =>
  STORY.flatMap((event) => plainLines(event, verbosity)).join('\n');

describe('plain lines', () => {
  it('tell what matters', () => {
    expect(told('normal')).toMatchInlineSnapshot(`
      "Removed the VM 1a2b of a mayfly that is gone.
      Building example: main at 0123456789ab (build B1)
      warning: The base box is not pinned.
      Making the base box, once.
        box: package lists
        box: packing (after 34 s, 118 MB, 40.0 MB of it downloaded)
      box        have       12 s: example-amd64
        | hello
      build      FAILED 3 min 05 s
        image.iso  1.5 MB  sha256 abababababababab…
      Build failed after 3 min 20 s."
    `);
  });

  it('tell everything with --verbose', () => {
    expect(told('verbose')).toMatchInlineSnapshot(`
      "reap: Looking for leftovers
      Removed the VM 1a2b of a mayfly that is gone.
      Building example: main at 0123456789ab (build B1)
      warning: The base box is not pinned.
      Making the base box, once.
      box: Making the base box
        box: package lists
        box: downloading 150 MB
        box: packing (after 34 s, 118 MB, 40.0 MB of it downloaded)
        | I: running apt-get update...
      box        have       12 s: example-amd64
      build: Building
        | hello
      build      FAILED 3 min 05 s
        image.iso  1.5 MB  sha256 abababababababab…
      Build failed after 3 min 20 s."
    `);
  });

  it('tell warnings only with --quiet', () => {
    expect(told('quiet')).toBe('warning: The base box is not pinned.');
  });

  it.each(['success', 'failure', 'interrupted'] as const)('word the end: %s', (outcome) => {
    const words = { success: 'succeeded', failure: 'failed', interrupted: 'was interrupted' };
    expect(plainLines({ type: 'build-finished', outcome, seconds: 5 }, 'normal')).toEqual([
      `Build ${words[outcome]} after 5.0 s.`,
    ]);
  });

  it('show the output of the project’s scripts, that of other steps with --verbose only', () => {
    const output = (step: 'build' | 'provision' | 'vm'): MayflyEvent & { type: 'output' } => ({
      type: 'output',
      step,
      stream: 'stdout',
      line: 'x  ',
    });
    expect(plainLines(output('build'), 'normal')).toEqual(['  | x']);
    expect(plainLines(output('provision'), 'normal')).toEqual(['  | x']);
    expect(plainLines(output('vm'), 'normal')).toEqual([]);
    expect(plainLines(output('vm'), 'verbose')).toEqual(['  | x']);
  });

  it('hold nothing that a terminal acts on, whatever a guest writes', () => {
    const evil = '\u001b]52;c;x\u0007\u202eevil\r\u001b[2J';
    const events: readonly MayflyEvent[] = [
      { type: 'output', step: 'build', stream: 'stdout', line: evil },
      { type: 'artifact', name: evil, bytes: 1, sha256: '' },
      { type: 'progress', step: 'ready', text: evil },
      { type: 'phase', step: 'box', name: evil, seconds: 0 },
      { type: 'notice', level: 'warning', text: evil },
      { type: 'reaped', what: evil },
      { type: 'step-finished', step: 'build', outcome: 'ok', seconds: 1, summary: evil },
      { type: 'build-started', build: 'b', project: 'p', ref: evil, commit: 'c' },
    ];
    for (const event of events) {
      for (const line of plainLines(event, 'verbose')) expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }
  });
});

it('plainReport writes one line at a time', () => {
  const written: string[] = [];
  const report = plainReport((text) => written.push(text), 'normal');
  for (const event of STORY) report(event);
  expect(written.every((text) => text.endsWith('\n') && text.indexOf('\n') === text.length - 1)).toBe(true);
});

it('jsonLinesReport writes every event whole, one on a line, with its time', () => {
  const written: string[] = [];
  const report = jsonLinesReport((text) => written.push(text));
  for (const event of STORY) report(event);
  const read = written.map((text) => JSON.parse(text) as MayflyEvent & { time?: string });
  expect(written.every((text) => text.indexOf('\n') === text.length - 1)).toBe(true);
  for (const [index, { time, ...event }] of read.entries()) {
    expect(event).toEqual(STORY[index]);
    expect(Date.parse(time ?? '')).toBeGreaterThan(0);
  }
});
