/** Runs ci/steps.sh, as the shell line of a CI job does. */
import { execa } from 'execa';
import { fileURLToPath } from 'node:url';

const STEPS = fileURLToPath(new URL('../../ci/steps.sh', import.meta.url));

export interface StepOutcome {
  readonly exitCode: number | undefined;
  readonly all: string;
}

export interface RunningStep {
  readonly outcome: Promise<StepOutcome>;
  /** As CI systems do: the script, and all that it started. */
  stop(): void;
}

export function startStep(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): RunningStep {
  const job = execa('sh', [STEPS, ...args], {
    cwd,
    env,
    reject: false,
    all: true,
    stdin: 'ignore',
    // A process group of its own.
    detached: true,
  });
  return {
    outcome: job.then(({ exitCode, all }) => ({ exitCode, all })),
    stop() {
      if (job.pid !== undefined) process.kill(-job.pid, 'SIGTERM');
    },
  };
}
