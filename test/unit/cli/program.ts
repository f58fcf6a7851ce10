/** The command line within this process: what it prints, and its exit code. */
import { vi } from 'vitest';
import { main } from '../../../src/cli/main.js';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function mayfly(...args: readonly string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    }),
  );
  const before = exitCode();
  process.exitCode = undefined;
  try {
    await main(['node', 'mayfly', ...args]);
    return { exitCode: Number(exitCode() ?? 0), ...written };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}

/** A function, so that asking twice may have two answers. */
function exitCode(): typeof process.exitCode {
  return process.exitCode;
}
