/** The host as the build record names it. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { run, which } from '../../process/run.js';
import type { BuildRecord } from './record.js';

const TOOLS: readonly (readonly [string, readonly string[]])[] = [
  ['qemu-system-x86_64', ['--version']],
  ['qemu-img', ['--version']],
  ['mmdebstrap', ['--version']],
  ['git', ['--version']],
  ['ssh', ['-V']],
];

export async function describeHost(): Promise<BuildRecord['host']> {
  const versions = await Promise.all(
    TOOLS.map(async ([program, args]) => [program, await versionOf(program, args)] as const),
  );
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return {
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(system)?.[1] ?? 'unknown',
    kernel: release(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    node: process.version,
    tools: Object.fromEntries(
      versions.flatMap(([name, version]) => (version === undefined ? [] : [[name, version]])),
    ),
  };
}

async function versionOf(program: string, args: readonly string[]): Promise<string | undefined> {
  if (which(program) === undefined) return undefined;
  const result = await run(program, args);
  return /\d+(?:\.\d+)+\S*/.exec(result.stdout + result.stderr)?.[0];
}
