/**
 * The tools root: mke2fs, sfdisk and GRUB from the same archive as the box, never from the host,
 * because their version shapes the disk's bytes. Packages are only unpacked, and each program runs
 * by the root's own dynamic loader: no chroot, no namespace, nothing configured.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type RunOptions, type RunResult } from '../process/run.js';
import { canonicalJson, sha256, TOOLS_PACKAGES, TOOLS_SUITE, type ArchiveSource } from './recipe.js';
import { sourceLines } from './rootfs.js';

export interface ToolsRoot {
  readonly root: string;
  /** @param program path inside the root, such as `usr/sbin/mke2fs` */
  run(program: string, args: readonly string[], options: RunOptions): Promise<RunResult>;
}

const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** The sources the tools come from: the archive of the distribution, whatever suite the box has. */
function toolsSources(sources: readonly ArchiveSource[]): readonly string[] {
  return sources
    .filter((source) => source.origin === 'debian')
    .flatMap((source) => sourceLines({ ...source, suites: [TOOLS_SUITE], components: ['main'] }));
}

export function toolsArguments(sources: readonly ArchiveSource[], tar: string): readonly string[] {
  return [
    '--mode=unshare',
    '--variant=extract',
    '--format=tar',
    '--architectures=amd64',
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    `--include=${TOOLS_PACKAGES.join(',')}`,
    TOOLS_SUITE,
    tar,
    ...toolsSources(sources),
  ];
}

/** The name of a tools root: what it is made from. */
export function toolsKey(sources: readonly ArchiveSource[]): string {
  const serial = sources.find((source) => source.origin === 'debian')?.serial;
  return sha256(canonicalJson({ suite: TOOLS_SUITE, packages: TOOLS_PACKAGES, serial })).slice(0, 32);
}

export interface ToolsJob {
  readonly sources: readonly ArchiveSource[];
  /** Folder of all tools roots. */
  readonly store: string;
  /** A scratch folder that other users may enter (mmdebstrap's unshare mode needs one). */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Makes the tools root unless it exists. The caller holds the lock of `toolsKey`. */
export async function ensureTools(job: ToolsJob): Promise<ToolsRoot> {
  const root = join(job.store, toolsKey(job.sources));
  const loader = join(root, LIBRARIES, 'ld-linux-x86-64.so.2');
  const tools: ToolsRoot = {
    root,
    run: (program, args, options) =>
      run(loader, ['--library-path', join(root, LIBRARIES), join(root, program), ...args], options),
  };
  const known = await run('test', ['-x', loader], { accept: [0, 1] });
  if (known.exitCode === 0) return tools;

  const tar = join(job.scratch, 'tools.tar');
  const staging = `${root}.new`;
  await run('mmdebstrap', toolsArguments(job.sources, tar), {
    cwd: job.scratch,
    env: { TMPDIR: job.scratch },
    signal: job.signal,
    onLine: job.onLine,
  });
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  await run(
    'tar',
    ['--extract', '--file', tar, '--directory', staging, '--no-same-owner', '--exclude=./dev'],
    {
      signal: job.signal,
    },
  );
  await rm(tar);
  await rename(staging, root);
  return tools;
}
