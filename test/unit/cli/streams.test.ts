/** Whoever reads what we print may stop: that is no failure of ours. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/process/run.js';
import { temporaryFolder } from '../source/repository.js';

const MAYFLY = `'${process.execPath}' --import tsx scripts/dev.ts`;

/** @param line a pipeline that begins with mayfly. @returns mayfly's own exit code, and what it wrote to stderr */
async function pipe(line: string): Promise<readonly [string, string]> {
  const script = `${line}; echo "\${PIPESTATUS[0]}" >&3`;
  const home = await temporaryFolder();
  const { stdout, stderr } = await run('bash', ['-c', `{ ${script}; } 3>&1 >/dev/null`], {
    env: { MAYFLY_HOME: join(home, 'home'), MAYFLY_TMPDIR: join(home, 'scratch') },
  });
  return [stdout.trim(), stderr];
}

describe('a pipe that is closed', () => {
  it.each([
    ['stdout, after success', `${MAYFLY} --help | true`, '0'],
    ['stdout, after wrong usage', `${MAYFLY} box show nothing | true`, '2'],
    ['stderr, after wrong usage', `${MAYFLY} box show nothing 2>&1 >/dev/null | true`, '2'],
    ['stderr and stdout', `${MAYFLY} clean 2>&1 | true`, '0'],
  ])('%s, changes no exit code', async (_, line, exitCode) => {
    const [found, stderr] = await pipe(line);
    expect(found).toBe(exitCode);
    expect(stderr).not.toContain('EPIPE');
    expect(stderr).not.toContain('Unhandled');
  });

  it('is not a disk that is full', async () => {
    const [found] = await pipe(`${MAYFLY} --help >/dev/full | true`);
    expect(found).not.toBe('0');
  });
});
