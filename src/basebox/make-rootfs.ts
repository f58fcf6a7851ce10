/** Runs mmdebstrap for a box: in memory where the host has it to spare, else on disk; and says in words why it failed. */
import { statfs } from 'node:fs/promises';
import { CommandError } from '../process/command-error.js';
import { MayflyError } from '../errors.js';
import { run } from '../process/run.js';
import { formatBytes } from '../report/format.js';
import { PostinstallWatch } from './postinstall.js';
import type { BoxSpec } from './recipe.js';
import { mmdebstrapArguments, type RootfsPaths } from './rootfs.js';

export interface RootfsJob {
  readonly spec: BoxSpec;
  /** Seconds since 1970 for every file. */
  readonly epoch: number;
  readonly paths: Omit<RootfsPaths, 'memoryBytes'>;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  readonly phase: (name: string) => void;
  /** Awaited before it is made a second time. */
  readonly beforeAgain?: () => Promise<void>;
  /** Bytes of memory that programs may take without swapping. Default: what the host or its cgroup has. */
  readonly availableMemory?: number;
}

/** Bytes. The tree of a box with few packages of its own, and what APT downloads for it, have about one GiB. */
const LEAST_AVAILABLE = 4 * 2 ** 30;

/** Bytes of memory that the tree may take; undefined where it is to be made on disk. Pure. */
export function memoryFor(available: number): number | undefined {
  return available < LEAST_AVAILABLE ? undefined : Math.floor(available / 2);
}

/**
 * Leaves the files of `rootfsFiles` in the output folder.
 * @throws MayflyError `box.packages-failed` with the end of mmdebstrap's log, and others of kind `host`;
 *   `box.postinstall-failed` of kind `script`
 */
export async function makeRootfs(job: RootfsJob): Promise<void> {
  const { spec, epoch, paths, signal, onLine, phase } = job;
  const postinstall = new PostinstallWatch();
  const attempt = async (memoryBytes: number | undefined): Promise<void> => {
    await run('mmdebstrap', mmdebstrapArguments(spec, { ...paths, memoryBytes }), {
      cwd: paths.output,
      env: { SOURCE_DATE_EPOCH: String(epoch), INITRD: 'No', TMPDIR: paths.output },
      signal,
      onLine: (line) => {
        postinstall.follow(line);
        onLine(line);
      },
      capture: false,
    });
  };
  await requireRoom(paths.output);
  const memoryBytes = memoryFor(job.availableMemory ?? process.availableMemory());
  try {
    await attempt(memoryBytes);
  } catch (error) {
    if (memoryBytes === undefined || !isFull(error)) throw explain(error, postinstall);
    await job.beforeAgain?.();
    phase('once more, on disk: it does not fit into memory');
    await attempt(undefined).catch((again: unknown) => {
      throw explain(again, postinstall);
    });
  }
}

/** Bytes that the tree as a tar takes, and the disk with its compressed copy, for a box with no packages of its own. */
const LEAST_ROOM = 2 ** 30;

/** Before minutes of work. @throws MayflyError `box.disk-full` */
async function requireRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= LEAST_ROOM) return;
  throw new MayflyError(
    'host',
    'box.disk-full',
    `The base box could not be made: The disk is full. ${folder} has ${formatBytes(free)} free, of ${formatBytes(LEAST_ROOM)} at least.`,
    { hint: MAKE_ROOM },
  );
}

const MAKE_ROOM = 'Free some space (`mayfly box clean`, `mayfly cache clean`) and try again.';
const FULL = 'No space left on device';

const isFull = (error: unknown): boolean =>
  error instanceof CommandError && error.failure.tail.join('\n').includes(FULL);

/** mmdebstrap's failures, in the words of what went wrong. */
function explain(error: unknown, postinstall: PostinstallWatch): unknown {
  if (!(error instanceof CommandError) || error.failure.notFound) return error;
  const text = error.failure.tail.join('\n');
  const init = { details: error.failure.tail, cause: error };
  // What a script of the project's says need not be of packages and archives; but a full disk is one, whoever fills it.
  const ofScript = isFull(error) ? undefined : postinstall.error(error);
  if (ofScript !== undefined) return ofScript;
  const known: readonly (readonly [RegExp, string, string, string])[] = [
    [new RegExp(FULL), 'box.disk-full', 'The disk is full.', MAKE_ROOM],
    [
      /NO_PUBKEY|is not signed|BADSIG|EXPKEYSIG|signatures were invalid|not (?:be )?verified/,
      'box.bad-signature',
      'The archive is not signed by the expected key.',
      "Check archive.origins in builder.yaml: the URL and the keyring. On a person's own network, a proxy may have answered in place of the archive.",
    ],
    [
      /Unable to locate package ([^\s]+)|has no installation candidate/,
      'box.unknown-package',
      'A package is not in the archive.',
      'Check basebox.packages in builder.yaml.',
    ],
    [
      /Could not (?:resolve|connect)|Temporary failure resolving|Failed to fetch|Connection (?:failed|refused|timed out)|404 +Not Found|does not have a Release file/,
      'box.archive-unreachable',
      'The archive could not be reached.',
      'Check the network, and archive.origins in builder.yaml.',
    ],
    [
      /newuidmap|subuid|unshare|user namespace/i,
      'box.no-user-namespace',
      'This host does not let an ordinary user make a user namespace.',
      'Install uidmap and see `mayfly doctor`.',
    ],
  ];
  for (const [pattern, code, message, hint] of known) {
    if (pattern.test(text))
      return new MayflyError('host', code, `The base box could not be made: ${message}`, { ...init, hint });
  }
  return new MayflyError(
    'host',
    'box.packages-failed',
    'The base box could not be made: installing its packages failed.',
    {
      ...init,
      hint: 'Check basebox.packages and archive.origins in builder.yaml; `mayfly box create --verbose` shows every line.',
    },
  );
}
