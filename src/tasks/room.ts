/** Room on this host: of the disks that mayfly writes to, and of memory. */
import { readFile, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../errors.js';
import { publicScratchParent } from '../process/scratch.js';
import { formatBytes, formatMemory } from '../report/format.js';
import type { Context } from '../build/context.js';
import type { Finding } from './finding.js';

/** Bytes below which a base box and a VM may not fit. */
const ENOUGH_DISK = 10e9;
const ENOUGH_MEMORY = 2 * 2 ** 30;

interface Folder {
  readonly path: string;
  readonly holds: string;
  /** How to get more room there. */
  readonly hint: string;
}

function foldersOf(context: Context): readonly Folder[] {
  const larger = 'Or set MAYFLY_HOME to a folder on a larger disk.';
  return [
    {
      path: context.home.data,
      holds: 'base boxes and caches',
      hint: `Free some space: \`mayfly box clean\`, \`mayfly cache clean\`. ${larger}`,
    },
    {
      path: context.home.state,
      holds: 'VMs and logs',
      hint: `Free some space: \`mayfly vm list\` shows the VMs, \`mayfly clean --logs\` removes old logs. ${larger}`,
    },
    {
      path: publicScratchParent(context.env),
      holds: 'base boxes that are being made',
      hint: 'Free some space, or set MAYFLY_TMPDIR to a folder on a larger disk.',
    },
  ];
}

/** One finding for each file system that is written to. */
export async function diskFindings(context: Context): Promise<readonly Finding[]> {
  const disks = new Map<number, { free: number; folders: Folder[] }>();
  for (const folder of foldersOf(context)) {
    const there = await existing(folder.path);
    const [{ dev }, { bavail, bsize }] = await Promise.all([stat(there), statfs(there)]);
    const disk = disks.get(dev) ?? { free: bavail * bsize, folders: [] };
    disk.folders.push(folder);
    disks.set(dev, disk);
  }
  return [...disks.values()].map(({ free, folders }) => diskFinding(free, folders));
}

function diskFinding(free: number, folders: readonly Folder[]): Finding {
  const enough = free >= ENOUGH_DISK;
  const hints = new Set(folders.map(({ hint }) => hint));
  return {
    name: 'disk',
    purpose: `holds ${folders.map(({ holds }) => holds).join(', ')}`,
    state: enough ? 'ok' : 'warning',
    found: `${formatBytes(free)} free for ${folders.map(({ path }) => path).join(', ')}`,
    ...(enough ? {} : { hint: [...hints].join(' ') }),
  };
}

/**
 * The folder itself, or the nearest thing above it that can be seen: looking must not make any.
 * @param look lstat: a link that leads nowhere is such a thing too
 */
export async function existing(
  path: string,
  look: (path: string) => Promise<unknown> = stat,
): Promise<string> {
  try {
    await look(path);
    return path;
  } catch (error) {
    const isUnseen = ['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code));
    if (!isUnseen || dirname(path) === path) throw error;
    return await existing(dirname(path), look);
  }
}

export async function memoryFinding(): Promise<Finding> {
  const kib = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1] ?? 0);
  const enough = kib * 1024 >= ENOUGH_MEMORY;
  return {
    name: 'memory',
    purpose: 'for the VM',
    state: enough ? 'ok' : 'warning',
    found: `${formatMemory(kib * 1024)} available`,
    ...(enough ? {} : { hint: 'A VM takes 1.5 GiB by default: vm.memory in builder.yaml.' }),
  };
}
