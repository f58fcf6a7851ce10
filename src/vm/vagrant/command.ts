/** The program vagrant, quiet and without looking for news of itself. */
import { run, type RunOptions, type RunResult } from '../../process/run.js';
import { CALLED_BY_MAYFLY } from './by-hand.js';

export const VAGRANT_ENVIRONMENT: Readonly<Record<string, string | undefined>> = {
  [CALLED_BY_MAYFLY]: '1',
  VAGRANT_CHECKPOINT_DISABLE: '1',
  VAGRANT_NO_COLOR: '1',
  VAGRANT_DEFAULT_PROVIDER: 'libvirt',
};

/** @throws CommandError with Vagrant's own words */
export function vagrant(args: readonly string[], options: RunOptions): Promise<RunResult> {
  const env = { ...VAGRANT_ENVIRONMENT, VAGRANT_HOME: process.env['VAGRANT_HOME'] };
  return run('vagrant', args, { ...options, env });
}
