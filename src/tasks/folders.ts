/** Whether mayfly's folders take files: one is made in each, or in the nearest folder that is there, and removed. */
import { randomBytes } from 'node:crypto';
import { lstat, open, readlink, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { hasCode, messageOf } from '../errors.js';
import * as paths from '../paths.js';
import { quoteCommand } from '../process/command-error.js';
import { publicScratchParent } from '../process/scratch.js';
import type { Context } from '../build/context.js';
import type { Finding } from './finding.js';
import { existing } from './room.js';

interface Wanted {
  readonly path: string;
  /** The folder above it from which on all is mayfly's; undefined where others have theirs too. */
  readonly own: string | undefined;
}

function wantedBy({ home, env }: Context): readonly Wanted[] {
  const below = (own: string, ...folders: readonly string[]): readonly Wanted[] =>
    folders.map((path) => ({ path, own }));
  return [
    ...below(home.data, paths.boxesFolder(home), paths.cachesFolder(home), paths.archiveFolder(home)),
    ...below(home.cache, paths.toolsFolder(home)),
    ...below(home.state, paths.vmsFolder(home), paths.buildsFolder(home), paths.scratchFolder(home)),
    ...below(home.state, dirname(paths.lockFile(home, 'any')), paths.differencesFolder(home)),
    { path: publicScratchParent(env), own: undefined },
  ];
}

/** The first thing that stops mayfly is told, with what mends it. */
export async function foldersFinding(context: Context): Promise<Finding> {
  const base = { name: 'writable folders', purpose: 'for base boxes, VMs, logs and what is being made' };
  const tried = new Set<string>();
  for (const wanted of wantedBy(context)) {
    const there = await existing(wanted.path, lstat);
    if (tried.has(there)) continue;
    tried.add(there);
    try {
      await makeFile(there);
    } catch (error) {
      const forWhat = there === wanted.path ? '' : `, and ${wanted.path} is to be there`;
      const found = `no file can be made in ${there}${forWhat}: ${messageOf(error).split(',', 1)[0] ?? ''}`;
      return { ...base, state: 'missing', found, hint: mend(await problemAt(there, wanted, error)) };
    }
  }
  return { ...base, state: 'ok', found: `files can be made in ${[...tried].join(', ')}` };
}

/** @throws the system's error */
async function makeFile(folder: string): Promise<void> {
  const path = join(folder, `.mayfly-${randomBytes(6).toString('hex')}`);
  const file = await open(path, 'wx', 0o600);
  try {
    // At once: whatever happens now, nothing is left.
    await rm(path);
    // A file without content fits on a disk that is full; and a quota is looked at when it is written.
    await file.writeFile(Buffer.alloc(4096));
    await file.datasync();
  } finally {
    await file.close();
  }
}

export interface Problem {
  /** What is there, in which no file can be made. */
  readonly path: string;
  readonly code: string;
  /** Names another place for it. */
  readonly variable: 'MAYFLY_HOME' | 'MAYFLY_TMPDIR';
  /** It is mayfly's own, or in there. */
  readonly isOurs: boolean;
  /** It belongs to this person. */
  readonly isMine: boolean;
  /** It is a link that leads there, and nothing is there. */
  readonly leadsTo?: string;
}

async function problemAt(path: string, { own }: Wanted, error: unknown): Promise<Problem> {
  const entry = await lstat(path);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const lost = hasCode(error, 'ENOENT') && entry.isSymbolicLink();
  return {
    path,
    code,
    variable: own === undefined ? 'MAYFLY_TMPDIR' : 'MAYFLY_HOME',
    isOurs: own !== undefined && (path === own || path.startsWith(`${own}/`)),
    isMine: entry.uid === process.geteuid?.(),
    ...(lost ? { leadsTo: resolve(dirname(path), await readlink(path)) } : {}),
  };
}

/** The command that mends it. Pure. */
export function mend({ path, code, variable, isOurs, isMine, leadsTo }: Problem): string {
  if (leadsTo !== undefined) {
    return `It is a link. Mount what it leads to, or: ${quoteCommand(['mkdir', '-p', leadsTo])}`;
  }
  if (code === 'ENOTDIR') return quoteCommand(['mv', path, `${path}.old`]);
  if (code === 'EACCES' || code === 'EPERM') {
    if (isMine) return quoteCommand(['chmod', 'u+rwx', path]);
    // Such as after a command of mayfly by sudo.
    if (isOurs) return `sudo chown -R "$(id -u):$(id -g)" ${quoteCommand([path])}`;
    if (path === '/var/tmp') return 'sudo chmod 1777 /var/tmp';
  }
  const elsewhere = `choose another place: export ${variable}=FOLDER`;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return `mayfly box clean && mayfly cache clean; or ${elsewhere}`;
  return elsewhere.charAt(0).toUpperCase() + elsewhere.slice(1);
}
