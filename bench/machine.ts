/** The machine that the figures come from: without it they mean nothing. */
import { availableParallelism, cpus, loadavg, release, totalmem, version } from 'node:os';
import { packageVersion } from '../src/cli/main.js';
import { run } from '../src/process/run.js';
import { detectAccelerator } from '../src/vm/accelerator.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly accelerator: 'kvm' | 'tcg';
  readonly acceleratorReason: string;
  readonly node: string;
  readonly qemu: string;
  readonly mayfly: string;
  /** Load averages of 1, 5 and 15 minutes before the first measurement. */
  readonly loadBefore: readonly number[];
}

export async function describeMachine(): Promise<Machine> {
  const loadBefore = loadavg();
  const accelerator = await detectAccelerator();
  const qemu = (await run('qemu-system-x86_64', ['--version'])).stdout;
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${release()} ${version()}`,
    accelerator: accelerator.name,
    acceleratorReason: accelerator.reason,
    node: process.version,
    qemu: /version (.+)/.exec(qemu)?.[1] ?? qemu.trim(),
    mayfly: packageVersion(),
    loadBefore,
  };
}
