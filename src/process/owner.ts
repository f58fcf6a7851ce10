/**
 * Who owns something on disk: a process, named so that a later process can tell whether it still
 * lives. A pid alone is reused; pid + start time + boot id is not.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { hasCode } from '../errors.js';

export interface Owner {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat (proc_pid_stat(5)): clock ticks between boot and the start of the process. */
  readonly startTime: string;
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string;
}

/** What was read from a file; undefined when it names no process. */
export function parseOwner(value: unknown): Owner | undefined {
  const found = shape.safeParse(value);
  return found.success ? found.data : undefined;
}

const shape = z.object({ pid: z.int().positive(), startTime: z.string(), bootId: z.string() });

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** Undefined when no such process lives (a zombie counts as gone). */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command name is in parentheses and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}

/** The owner that a process is, or undefined when it is gone. */
export async function ownerOf(pid: number): Promise<Owner | undefined> {
  const startTime = await startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime, bootId: await bootId() };
}

/** This process. */
export async function currentOwner(): Promise<Owner> {
  const owner = await ownerOf(process.pid);
  if (owner === undefined) throw new Error('/proc has no entry for this process');
  return owner;
}

export async function isAlive(owner: Owner): Promise<boolean> {
  const current = await ownerOf(owner.pid);
  return current?.startTime === owner.startTime && current.bootId === owner.bootId;
}
