/** `mayfly cache list|clean` */
import type { Command } from 'commander';
import { MayflyError } from '../errors.js';
import { formatBytes } from '../report/format.js';
import { addGlobalFlags, print, printJson, table } from './common.js';
import { openSession, type GlobalOptions } from './session.js';

export function registerCache(program: Command): void {
  const cache = program
    .command('cache')
    .summary('list and remove cache disks')
    .description(
      'Cache disks hold what apt-cacher-ng in the VM fetched; they outlive every VM, and never change a result.',
    );

  const list = cache.command('list').description('List the cache disks.');
  addGlobalFlags(list, 'print JSON');
  list.action(async (flags: GlobalOptions) => {
    const [{ listCaches }, { cacheStore }] = await Promise.all([
      import('../disks/cache.js'),
      import('../build/vm/caches.js'),
    ]);
    using session = openSession(flags, false);
    const caches = await listCaches(cacheStore(session.context));
    if (flags.json === true) {
      printJson(caches);
      return;
    }
    if (caches.length === 0) {
      print('There are no cache disks yet.');
      return;
    }
    const rows = caches.map(({ name, bytes, generations, runs }) => [
      name,
      formatBytes(bytes),
      generations === 1 ? '1 generation' : `${generations} generations`,
      runs === 0 ? '' : `${runs} in use`,
    ]);
    for (const line of table(rows)) print(line.trimEnd());
  });

  const clean = cache
    .command('clean')
    .description('Remove cache disks: the named ones, or all. One that a VM has plugged in stays.')
    .argument('[names...]', 'caches to remove (default: all)');
  addGlobalFlags(clean, undefined);
  clean.action(async (names: readonly string[], flags: GlobalOptions) => {
    const [{ cleanCache, listCaches }, { cacheStore }] = await Promise.all([
      import('../disks/cache.js'),
      import('../build/vm/caches.js'),
    ]);
    using session = openSession(flags, false);
    const store = cacheStore(session.context);
    const known = (await listCaches(store)).map(({ name }) => name);
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw new MayflyError('usage', 'cache.unknown', `There is no cache ${unknown.join(', ')}.`, {
        hint: '`mayfly cache list` lists them.',
      });
    }
    const busy: string[] = [];
    for (const name of names.length > 0 ? names : known) {
      if (await cleanCache(store, name, session.context.signal)) print(`Removed the cache ${name}.`);
      else busy.push(name);
    }
    if (busy.length > 0) {
      throw new MayflyError(
        'refused',
        'cache.in-use',
        `In use by a VM, and not removed: ${busy.join(', ')}.`,
        { hint: '`mayfly vm list` shows the VMs.' },
      );
    }
  });
}
