/** Facts of this host that a plan depends on. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { detectAccelerator, type Accelerator } from '../../vm/accelerator.js';

export interface HostFacts {
  /** Bytes that can be given without swapping. */
  readonly availableMemory: number;
  readonly cpus: number;
  readonly accelerator: Accelerator;
  readonly httpProxy: string | undefined;
}

export async function readHostFacts(env: Readonly<Record<string, string | undefined>>): Promise<HostFacts> {
  const [memory, accelerator] = await Promise.all([
    readFile('/proc/meminfo', 'utf8'),
    detectAccelerator(env),
  ]);
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(memory)?.[1];
  return {
    availableMemory: Number(kib ?? 0) * 1024,
    cpus: availableParallelism(),
    accelerator,
    httpProxy: env['http_proxy'],
  };
}
