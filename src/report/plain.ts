/** Events as plain lines, for logs and CI: no colour, no cursor movement, nothing redrawn. */
import type { MayflyEvent, Report } from './events.js';
import { formatBytes, formatSeconds, formatTraffic } from './format.js';
import { sanitizeLine } from './sanitize.js';

export type Verbosity = 'quiet' | 'normal' | 'verbose';

/** Steps whose output people want to see as it comes; that of others is shown with --verbose. */
export function showsOutput(event: MayflyEvent & { type: 'output' }, verbosity: Verbosity): boolean {
  return verbosity === 'verbose' || event.step === 'build' || event.step === 'provision';
}

/** One event as lines, fit for a terminal; none for those that say nothing at this verbosity. Pure. */
export function plainLines(event: MayflyEvent, verbosity: Verbosity): readonly string[] {
  if (verbosity === 'quiet')
    return event.type === 'notice' && event.level === 'warning'
      ? [`warning: ${sanitizeLine(event.text)}`]
      : [];
  switch (event.type) {
    case 'build-started':
      return [
        `Building ${event.project}: ${sanitizeLine(event.ref)} at ${event.commit.slice(0, 12)} (build ${event.build})`,
      ];
    case 'step-started':
      return verbosity === 'verbose' ? [`${event.step}: ${event.title}`] : [];
    case 'step-finished':
      return [stepLine(event)].filter((line) => line !== '');
    case 'output':
      return showsOutput(event, verbosity) ? [`  | ${sanitizeLine(event.line)}`.trimEnd()] : [];
    case 'phase':
      return [`  ${event.step}: ${sanitizeLine(event.name)}${soFar(event)}`];
    case 'progress':
      // Traffic is for who can redraw a line.
      return verbosity === 'verbose' && event.traffic === undefined
        ? [`  ${event.step}: ${sanitizeLine(event.text)}`]
        : [];
    case 'notice':
      return [(event.level === 'warning' ? 'warning: ' : '') + sanitizeLine(event.text)];
    case 'reaped':
      return [`Removed ${sanitizeLine(event.what)}.`];
    case 'artifact':
      return [
        `  ${sanitizeLine(event.name)}  ${formatBytes(event.bytes)}  sha256 ${event.sha256.slice(0, 16)}…`,
      ];
    case 'build-finished':
      return [
        `Build ${event.outcome === 'success' ? 'succeeded' : event.outcome === 'interrupted' ? 'was interrupted' : 'failed'} after ${formatSeconds(event.seconds)}.`,
      ];
    case 'failed':
      // The command line words the error at its end, whether or not a build was running.
      return [];
  }
}

/** What the parts before this one took. */
function soFar({ seconds, traffic }: MayflyEvent & { type: 'phase' }): string {
  const words = [
    seconds < 1 ? '' : formatSeconds(seconds),
    traffic === undefined ? '' : formatTraffic(traffic),
  ].filter((each) => each !== '');
  return words.length === 0 ? '' : ` (after ${words.join(', ')})`;
}

function stepLine(event: MayflyEvent & { type: 'step-finished' }): string {
  if (event.step === 'reap' && event.outcome !== 'failed') return '';
  const mark = event.outcome === 'failed' ? 'FAILED' : event.outcome === 'reused' ? 'have' : 'done';
  const summary = event.summary === undefined ? '' : `: ${sanitizeLine(event.summary)}`;
  return `${event.step.padEnd(10)} ${mark.padEnd(6)} ${formatSeconds(event.seconds).padStart(8)}${summary}`;
}

export function plainReport(write: (text: string) => void, verbosity: Verbosity): Report {
  return (event) => {
    for (const line of plainLines(event, verbosity)) write(`${line}\n`);
  };
}

/** One JSON object a line: the interface for machines. */
export function jsonLinesReport(write: (text: string) => void): Report {
  return (event) => write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
}
