/** An error as people see it: what failed, why, what to do next, where the log is. */
import { stderrColors as pc } from '../report/colors.js';
import { MayflyError } from '../errors.js';
import { sanitizeLine } from '../report/sanitize.js';

export function errorLines(error: unknown): readonly string[] {
  if (!(error instanceof MayflyError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [
      `${pc.red('error:')} this is a bug in mayfly. Please report it with these lines:`,
      ...indented(stack),
    ];
  }
  const [message = '', ...more] = error.message.split('\n');
  return [
    `${pc.red('error:')} ${sanitizeLine(message)}`,
    ...[...more, ...error.details].flatMap(indented),
    ...hintLines(error.hint),
    ...(error.log === undefined ? [] : [`${pc.bold('Log:')}  ${sanitizeLine(error.log)}`]),
  ];
}

/** One line for each thing to do, below the first. */
function hintLines(hint: string | undefined): readonly string[] {
  if (hint === undefined) return [];
  return hint
    .split('\n')
    .map((line, index) => `${index === 0 ? pc.bold('Next:') : '     '} ${sanitizeLine(line)}`);
}

function indented(text: string): readonly string[] {
  return text.split('\n').map((line) => `  ${sanitizeLine(line)}`);
}
