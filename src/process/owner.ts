/**
 * Who owns something on disk: a process, named so that a later process can tell whether it still
 * lives. A pid alone is reused; pid + start time + boot id is not. Of a process of another host that shares our folders
 * nobody here can tell: so the owner names its host too.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { hasCode } from '../errors.js';

export const ownerShape = z.object({
  pid: z.int().positive(),
  /** Field 22 of /proc/PID/stat (proc_pid_stat(5)): clock ticks between boot and the start of the process. */
  startTime: z.string(),
  /** /proc/sys/kernel/random/boot_id: another one may be this host before it was started again. */
  bootId: z.string(),
  /** From /etc/machine-id. Undefined where there is none, as in many containers, and in older records. */
  machine: z.string().optional(),
  /** What that host is called: for people only. */
  hostName: z.string().optional(),
});
export type Owner = Readonly<z.infer<typeof ownerShape>>;

/** What was read from a file; undefined when it names no process. */
export function parseOwner(value: unknown): Owner | undefined {
  return ownerShape.safeParse(value).data;
}

/** As machine-id(5) asks, the id itself is not told to others. */
async function machine(): Promise<string | undefined> {
  const id = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  if (!/^[0-9a-f]{32}$/.test(id.trim())) return undefined;
  return createHash('sha256').update(`mayfly ${id.trim()}`).digest('hex').slice(0, 32);
}

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
  if (startTime === undefined) return undefined;
  return { pid, startTime, bootId: await bootId(), machine: await machine(), hostName: hostname() };
}

/** This process. */
export async function currentOwner(): Promise<Owner> {
  const owner = await ownerOf(process.pid);
  if (owner === undefined) throw new Error('/proc has no entry for this process');
  return owner;
}

/** Whether it is a process of this host that lives. */
export async function isAlive(owner: Owner): Promise<boolean> {
  return (await startTimeOf(owner.pid)) === owner.startTime && (await bootId()) === owner.bootId;
}

/** Whether it is of another host: then nothing here tells whether it lives. */
export async function isElsewhere(owner: Owner): Promise<boolean> {
  return owner.machine !== undefined && owner.machine !== (await machine());
}

/** Whether it certainly lives no more. */
export async function isGone(owner: Owner): Promise<boolean> {
  return !(await isElsewhere(owner)) && !(await isAlive(owner));
}
