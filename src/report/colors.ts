/** Colours for people at a terminal; none in CI, for NO_COLOR (https://no-color.org) or in a file. */
import { isatty } from 'node:tty';
import pc from 'picocolors';

/** Pure. */
export function wantsColor(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  // The library itself takes CI for a reason to colour.
  if (isSet('NO_COLOR') || isSet('CI') || isSet('JENKINS_URL')) return false;
  return isSet('FORCE_COLOR') || (isTerminal && env['TERM'] !== 'dumb');
}

export const stdoutColors = pc.createColors(wantsColor(process.env, isatty(1)));
export const stderrColors = pc.createColors(wantsColor(process.env, isatty(2)));
