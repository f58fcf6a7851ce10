/** Facts of this host that a plan depends on. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { detectAccelerator, type Accelerator } from '../../vm/accelerator.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** What build options depend on. */
export interface OptionFacts {
  /** Bytes that can be given without swapping. */
  readonly availableMemory: number;
  readonly httpProxy: string | undefined;
}

export interface HostFacts extends OptionFacts {
  readonly cpus: number;
  readonly accelerator: Accelerator;
}

/** Reads only: nobody waits for a test guest. */
export async function readOptionFacts(env: Variables): Promise<OptionFacts> {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1];
  return {
    availableMemory: Number(kib ?? 0) * 1024,
    httpProxy: env['http_proxy'] === '' ? undefined : env['http_proxy'],
  };
}

export async function readHostFacts(env: Variables): Promise<HostFacts> {
  const [facts, accelerator] = await Promise.all([readOptionFacts(env), detectAccelerator(env)]);
  return { ...facts, cpus: availableParallelism(), accelerator };
}
