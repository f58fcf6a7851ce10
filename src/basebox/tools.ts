/**
 * The tools root: mke2fs, sfdisk and GRUB from the same archive as the box, never from the host,
 * because their version shapes the disk's bytes. Packages are only unpacked, nothing is configured, and each program
 * runs by the root's own dynamic loader, in a jail.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../errors.js';
import { run, type RunOptions, type RunResult } from '../process/run.js';
import { jailArguments, makeJail } from './jail.js';
import { canonicalJson, sha256, TOOLS_PACKAGES, TOOLS_SUITE, type ArchiveSource } from './recipe.js';
import { sourceLines } from './rootfs.js';
import type { SourceFile } from './store.js';

export interface ToolsRoot {
  readonly root: string;
  /** What it was unpacked from. */
  readonly files: readonly SourceFile[];
  /** Reads what is in the scratch folder, and writes to `toolsWork` there only. */
  run(command: ToolsCommand, options: RunOptions): Promise<RunResult>;
}

export interface ToolsCommand {
  /** Path inside the root, such as `usr/sbin/mke2fs`. */
  readonly program: string;
  readonly args: readonly string[];
  /** A folder of the caller's. */
  readonly scratch: string;
}

/** Where tools may write, in a scratch folder. */
export const toolsWork = (scratch: string): string => join(scratch, 'made');

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

/**
 * The name of a tools root: what it is made from. Where no checksum says what that is, whoever signs it, and where it is.
 * Keyrings are known to be some by then.
 */
export async function toolsKey(sources: readonly ArchiveSource[]): Promise<string> {
  const source = sources.find(({ origin }) => origin === 'debian');
  const state =
    source?.releases[TOOLS_SUITE] ??
    (source === undefined ? undefined : [source.serial, source.url, await signersOf(source)]);
  return sha256(canonicalJson({ suite: TOOLS_SUITE, packages: TOOLS_PACKAGES, state })).slice(0, 32);
}

/** A keyring of the host's packages, by its path, as each host has its own version of it; any other by its content. */
async function signersOf({ keyring }: ArchiveSource): Promise<string> {
  return keyring.startsWith('/usr/share/keyrings/') ? keyring : sha256(await readFile(keyring));
}

export interface ToolsJob {
  readonly sources: readonly ArchiveSource[];
  /** Folder of all tools roots. */
  readonly store: string;
  /** A scratch folder that other users may enter (mmdebstrap's unshare mode needs one). */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  /** Called before it is made, when it is. */
  readonly onMake: () => void;
  /** What the archive served so far. */
  readonly served: () => readonly SourceFile[];
}

/** In the tools root: the files of the archive that it came from. */
const FILES = 'mayfly-files.json';

/** What the tools root of these sources came from; undefined when it is not made yet. */
export async function storedToolsFiles(
  store: string,
  sources: readonly ArchiveSource[],
): Promise<readonly SourceFile[] | undefined> {
  try {
    return JSON.parse(await readFile(join(store, await toolsKey(sources), FILES), 'utf8')) as SourceFile[];
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Makes the tools root unless it exists. The caller holds the lock of `toolsKey`. */
export async function ensureTools(job: ToolsJob): Promise<ToolsRoot> {
  const root = join(job.store, await toolsKey(job.sources));
  const loader = join(root, LIBRARIES, 'ld-linux-x86-64.so.2');
  const toolsFrom = (files: readonly SourceFile[]): ToolsRoot => ({
    root,
    files,
    run: async ({ program, args, scratch }, options) => {
      const jail = { root: join(scratch, 'jail'), read: [root, scratch], write: [toolsWork(scratch)] };
      await makeJail(jail);
      const command = [loader, '--library-path', join(root, LIBRARIES), join(root, program), ...args];
      return await run('unshare', jailArguments(jail, command), options);
    },
  });
  const known = await storedToolsFiles(job.store, job.sources);
  if (known !== undefined) return toolsFrom(known);
  job.onMake();
  const before = job.served().length;

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
  const files = job.served().slice(before);
  await writeFile(join(staging, FILES), JSON.stringify(files));
  await rm(root, { recursive: true, force: true });
  await rename(staging, root);
  return toolsFrom(files);
}
