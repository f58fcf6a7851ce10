/** Colours for people at a terminal; none in CI, for NO_COLOR (https://no-color.org) or in a file. */
import { isatty } from 'node:tty';
import pc from 'picocolors';

const isSet = (env: NodeJS.ProcessEnv, name: string): boolean => env[name] !== undefined && env[name] !== '';

/** A CI system runs us. A variable that is set to nothing is not set. Pure. */
export const isCi = (env: NodeJS.ProcessEnv): boolean => isSet(env, 'CI') || isSet(env, 'JENKINS_URL');

/** Pure. */
export function wantsColor(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  // The library itself takes CI for a reason to colour.
  if (isSet(env, 'NO_COLOR') || isCi(env)) return false;
  return isSet(env, 'FORCE_COLOR') || (isTerminal && env['TERM'] !== 'dumb');
}

export const stdoutColors = pc.createColors(wantsColor(process.env, isatty(1)));
export const stderrColors = pc.createColors(wantsColor(process.env, isatty(2)));
