/**
 * Events on a terminal: finished steps stay as lines, output scrolls by, and one status line at the
 * bottom says which step runs, for how long, and what it said last.
 */
import { stderrColors as pc } from './colors.js';
import type { MayflyEvent, Report, StepName } from './events.js';
import { formatSeconds, formatTraffic, truncate } from './format.js';
import { plainLines, type Verbosity } from './plain.js';
import { sanitizeLine } from './sanitize.js';

export interface Terminal {
  readonly columns: number | undefined;
  write(text: string): unknown;
}

/** Milliseconds between redraws of the status line. */
const REDRAW_MS = 200;
const CLEAR_LINE = '\r\u001b[K';

export interface TerminalReport extends Disposable {
  readonly report: Report;
}

export function terminalReport(terminal: Terminal, verbosity: Verbosity): TerminalReport {
  let current:
    { step: StepName; title: string; started: number; phase: string | undefined; last: string } | undefined;
  let drawn = false;

  const clear = (): void => {
    if (drawn) terminal.write(CLEAR_LINE);
    drawn = false;
  };
  const draw = (): void => {
    if (current === undefined || verbosity === 'quiet') return;
    const elapsed = formatSeconds((performance.now() - current.started) / 1000);
    const width = (terminal.columns ?? 80) - 1;
    const head = `${current.title} ${elapsed}`;
    const room = width - head.length - 4;
    const said = [current.phase ?? '', current.last].filter((part) => part !== '').join(': ');
    const tail = room > 10 && said !== '' ? pc.dim(`  ${truncate(said, room)}`) : '';
    terminal.write(`${CLEAR_LINE}${pc.cyan('>')} ${truncate(head, width - 2)}${tail}`);
    drawn = true;
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();

  const report: Report = (event) => {
    if (event.type === 'step-started')
      current = {
        step: event.step,
        title: event.title,
        started: performance.now(),
        phase: undefined,
        last: '',
      };
    if (event.type === 'phase' && current !== undefined) {
      current.phase = sanitizeLine(event.name);
      current.last = event.traffic === undefined ? '' : formatTraffic(event.traffic);
    }
    if (event.type === 'progress' && current !== undefined) current.last = sanitizeLine(event.text);
    // A step with phases tells of its progress itself; what programs print would hide that.
    if (event.type === 'output' && current?.phase === undefined && current !== undefined)
      current.last = sanitizeLine(event.line);
    const lines = terminalLines(event, verbosity);
    if (lines.length > 0 || event.type === 'step-finished') clear();
    for (const line of lines) terminal.write(`${line}\n`);
    if (event.type === 'step-finished') current = undefined;
    if (event.type === 'step-started') draw();
  };
  return {
    report,
    [Symbol.dispose]() {
      clearInterval(timer);
      clear();
    },
  };
}

function terminalLines(event: MayflyEvent, verbosity: Verbosity): readonly string[] {
  const lines = plainLines(event, verbosity);
  switch (event.type) {
    case 'step-finished': {
      if (lines.length === 0) return [];
      const mark =
        event.outcome === 'failed' ? pc.red('✗') : event.outcome === 'reused' ? pc.dim('=') : pc.green('✓');
      const summary = event.summary === undefined ? '' : `  ${sanitizeLine(event.summary)}`;
      return [
        `${mark} ${event.step.padEnd(10)} ${pc.dim(formatSeconds(event.seconds).padStart(8))}${summary}`,
      ];
    }
    case 'phase':
      return verbosity === 'verbose' ? lines : [];
    case 'output':
      return lines.map((line) => pc.dim(line.slice(0, 4)) + line.slice(4));
    case 'notice':
      return event.level === 'warning' ? lines.map((line) => pc.yellow(line)) : lines;
    case 'build-finished':
      return lines.map((line) => (event.outcome === 'success' ? pc.green(line) : pc.red(line)));
    default:
      return lines;
  }
}
