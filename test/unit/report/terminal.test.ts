import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MayflyEvent } from '../../../src/report/events.js';
import type { Verbosity } from '../../../src/report/plain.js';
import { terminalReport } from '../../../src/report/terminal.js';
import { STORY } from './events.js';

const ESC = '\u001b';
/** What moves the cursor: back to an empty line, and to the next one. */
const MOVES = new RegExp(`(\r${ESC}\\[K|\n)`);

/** A terminal of one line that is redrawn, and what has scrolled away above it. */
class Screen {
  readonly written: string[] = [];
  readonly lines: string[] = [];
  line = '';

  constructor(readonly columns: number | undefined) {}

  write(text: string): void {
    this.written.push(text);
    for (const part of text.split(MOVES)) {
      if (part === '\n') {
        this.lines.push(this.line);
        this.line = '';
      } else if (part === '\r\u001b[K') this.line = '';
      else this.line += stripVTControlCharacters(part);
    }
  }
}

function show(screen: Screen, events: readonly MayflyEvent[], verbosity: Verbosity = 'normal'): void {
  using renderer = terminalReport(screen, verbosity);
  for (const event of events) {
    renderer.report(event);
    vi.advanceTimersByTime(250);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LONG: readonly MayflyEvent[] = [
  { type: 'step-started', step: 'build', title: `Building ${'with a long title '.repeat(8)}` },
  { type: 'progress', step: 'build', text: `downloading ${'源ä'.repeat(60)}` },
  { type: 'step-started', step: 'build', title: 'Building' },
  { type: 'progress', step: 'build', text: 'x'.repeat(500) },
  { type: 'progress', step: 'build', text: '\u001b[31m\t'.repeat(100) + 'tail' },
  { type: 'step-finished', step: 'build', outcome: 'ok', seconds: 1 },
];

describe('on a terminal', () => {
  it.each([40, 80, 120, undefined])('%s columns wide the status line always fits on one line', (columns) => {
    const screen = new Screen(columns);
    const widths: number[] = [];
    const write = screen.write.bind(screen);
    screen.write = (text) => {
      write(text);
      widths.push(Array.from(screen.line).length);
    };
    show(screen, LONG);
    expect(Math.max(...widths)).toBeLessThan(columns ?? 80);
    expect(Math.max(...widths)).toBeGreaterThan((columns ?? 80) / 2);
  });

  it('finished steps stay, and the status line is gone at the end', () => {
    const screen = new Screen(80);
    show(screen, STORY);
    expect(screen.line).toBe('');
    expect(screen.lines.join('\n')).toMatchInlineSnapshot(`
      "Removed the VM 1a2b of a mayfly that is gone.
      Building example: main at 0123456789ab (build B1)
      warning: The base box is not pinned.
      Making the base box, once.
      = box            12 s  example-amd64
        | hello
      ✗ build      3 min 05 s
        image.iso  1.5 MB  sha256 abababababababab…
      Build failed after 3 min 20 s."
    `);
  });

  it('the status line says which step runs, for how long, and what it said last', () => {
    const screen = new Screen(80);
    using renderer = terminalReport(screen, 'normal');
    renderer.report({ type: 'step-started', step: 'box', title: 'Making the base box' });
    renderer.report({ type: 'progress', step: 'box', text: 'downloading 150 MB' });
    vi.advanceTimersByTime(12_000);
    expect(screen.line).toBe('> Making the base box 12 s  downloading 150 MB');
    renderer.report({ type: 'output', step: 'box', stream: 'stderr', line: 'Setting up git' });
    vi.advanceTimersByTime(200);
    expect(screen.line).toBe('> Making the base box 12 s  Setting up git');
  });

  it('a step with phases: which one runs, and how far it is; what programs print is not in the way', () => {
    const screen = new Screen(80);
    using renderer = terminalReport(screen, 'normal');
    const traffic = { bytes: 84e6, downloaded: 84e6, expected: 200e6 };
    renderer.report({ type: 'step-started', step: 'box', title: 'Making the base box' });
    renderer.report({ type: 'phase', step: 'box', name: 'packages', seconds: 12, traffic });
    renderer.report({ type: 'output', step: 'box', stream: 'stderr', line: 'Setting up git' });
    vi.advanceTimersByTime(72_000);
    const head = '> Making the base box 1 min 12 s  ';
    expect(screen.line).toBe(`${head}packages: 84.0 MB of about 200 MB downloaded`);
    renderer.report({ type: 'progress', step: 'box', text: '90.0 MB downloaded', traffic });
    vi.advanceTimersByTime(200);
    expect(screen.line).toBe(`${head}packages: 90.0 MB downloaded`);
    renderer.report({ type: 'phase', step: 'box', name: 'compression', seconds: 80 });
    vi.advanceTimersByTime(200);
    expect(screen.line).toBe(`${head}compression`);
    expect(screen.lines).toEqual([]);
    renderer.report({ type: 'step-started', step: 'vm', title: 'Starting' });
    renderer.report({ type: 'output', step: 'vm', stream: 'stderr', line: 'hello' });
    vi.advanceTimersByTime(200);
    expect(screen.line).toContain('s  hello');
  });

  it('shows the phases as lines with --verbose', () => {
    const screen = new Screen(80);
    show(screen, STORY, 'verbose');
    expect(screen.lines).toContain('  box: package lists');
  });

  it('draws nothing between steps, and nothing with --quiet', () => {
    const idle = new Screen(80);
    show(idle, [{ type: 'notice', level: 'info', text: 'hello' }]);
    expect(idle.lines).toEqual(['hello']);
    const quiet = new Screen(80);
    show(quiet, STORY, 'quiet');
    expect(quiet.written.map((text) => stripVTControlCharacters(text))).toEqual([
      'warning: The base box is not pinned.\n',
    ]);
  });

  it('stops drawing when it is disposed of', () => {
    const screen = new Screen(80);
    const renderer = terminalReport(screen, 'normal');
    renderer.report({ type: 'step-started', step: 'box', title: 'Making' });
    renderer[Symbol.dispose]();
    const count = screen.written.length;
    vi.advanceTimersByTime(5000);
    expect(screen.written).toHaveLength(count);
    expect(screen.line).toBe('');
  });

  it('what a guest says cannot move the cursor', () => {
    const screen = new Screen(80);
    show(screen, [
      { type: 'step-started', step: 'build', title: 'Building' },
      { type: 'output', step: 'build', stream: 'stdout', line: '\u001b[2J\u001b]0;evil\u0007a\rb\u009b1A' },
      { type: 'progress', step: 'build', text: '\u001b[2J\u202e' },
    ]);
    const own = new RegExp(`\r${ESC}\\[K|${ESC}\\[\\d+m|\n`, 'g');
    expect(screen.written.join('').replaceAll(own, '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  });
});
