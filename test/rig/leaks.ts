/** What a build must not leave behind: processes, VMs, overlays, scratch folders, held locks. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { vmFiles } from '../../src/paths.js';
import { tryLock } from '../../src/process/lock.js';
import { vmRecord } from '../../src/vm/record.js';
import { folder, home } from './mayfly.js';

/** @returns everything that was left, in words; nothing when all is well */
export async function findLeaks(where: string = home): Promise<readonly string[]> {
  return [
    ...(await processes(where)),
    ...(await list(join(where, 'state/vms'))).map((name) => `the VM ${name}`),
    ...(await list(join(where, 'state/tmp'))).map((name) => `the scratch folder ${name}`),
    ...(await list(folder))
      .filter((name) => /^mayfly-[0-9a-f]{12}$/.test(name))
      .map((name) => `the scratch folder ${name}`),
    ...(await list(join(where, 'data/boxes')))
      .filter((name) => name.startsWith('.new-'))
      .map((name) => `the half-made box ${name}`),
    ...(await overlays(where)),
    ...(await locks(where)),
  ];
}

/** As findLeaks, but for what belongs to VMs that a person asked to keep: those that their tests go on with. */
export async function findLeaksBesideKeptVms(where: string = home): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const name of await list(join(where, 'state/vms'))) {
    const folder = join(where, 'state/vms', name);
    const text = await readFile(join(folder, vmFiles.record), 'utf8').catch(() => 'null');
    const { data } = vmRecord.safeParse(JSON.parse(text));
    if (data?.kept === true) {
      kept.push(`the VM ${name}`, folder);
      for (const [cache, { path }] of Object.entries(data.caches))
        kept.push(`the cache overlay ${cache}/${basename(path)}`);
    }
  }
  return (await findLeaks(where)).filter((leak) => !kept.some((its) => leak.includes(its)));
}

/** Processes that work in the home, or name it in their arguments. */
async function processes(where: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await list('/proc')).filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    const [command, cwd] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ]);
    const isShellOfTest = command.includes('vitest');
    if (!isShellOfTest && (cwd.startsWith(where) || command.includes(where))) {
      found.push(`process ${pid} in ${cwd}: ${command.replaceAll('\0', ' ')}`);
    }
  }
  return found;
}

async function overlays(where: string): Promise<readonly string[]> {
  const caches = join(where, 'data/caches');
  const found: string[] = [];
  for (const cache of await list(caches)) {
    const runs = (await list(join(caches, cache))).filter((name) => !name.startsWith('generation-'));
    found.push(...runs.map((name) => `the cache overlay ${cache}/${name}`));
  }
  return found;
}

async function locks(where: string): Promise<readonly string[]> {
  const held: string[] = [];
  for (const name of await list(join(where, 'state/locks'))) {
    const lock = await tryLock(join(where, 'state/locks', name), { purpose: 'looks for leaks' });
    if (lock === undefined) held.push(`the lock ${name}`);
    else await lock.release();
  }
  return held;
}

async function list(path: string): Promise<readonly string[]> {
  return await readdir(path).catch(() => []);
}
