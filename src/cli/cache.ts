/** `mayfly cache list|clean` */
import type { Command } from 'commander';
import { MayflyError } from '../errors.js';
import { formatBytes } from '../report/format.js';
import { addGlobalFlags, print, printJson, table } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export function registerCache(program: Command): void {
  const cache = program
    .command('cache')
    .summary('list and remove cache disks')
    .description(
      'Works with cache disks. They hold what apt-cacher-ng in the VM fetched, outlive every VM, and never change a result.',
    );
  addExamples(cache, ['mayfly cache list', 'see how large they are']);
  addList(cache);
  addClean(cache);
}

function addList(cache: Command): void {
  const list = cache.command('list').summary('list the cache disks').description('Lists the cache disks.');
  addGlobalFlags(list, 'Print them as JSON.');
  addExamples(list, ['mayfly cache list', 'show name, size, and how many VMs use each']);
  list.action(async (flags: GlobalOptions) => {
    const { allCaches } = await import('../build/vm/all-caches.js');
    using session = openSession(flags, false);
    const caches = await allCaches(session.context);
    if (flags.json === true) {
      printJson(caches);
      return;
    }
    if (caches.length === 0) {
      print('There are no cache disks yet.');
      return;
    }
    const rows = caches.map((cache) => [
      cache.name,
      formatBytes(cache.bytes),
      cache.generations === 1 ? '1 generation' : `${cache.generations} generations`,
      cache.runs === 0 ? '' : `${cache.runs} in use`,
      placeOf(cache).trimStart(),
    ]);
    for (const line of table(rows)) print(line.trimEnd());
  });
}

function addClean(cache: Command): void {
  const clean = cache
    .command('clean')
    .summary('remove cache disks')
    .description('Removes cache disks: the named ones, or all. One that a VM has plugged in stays.')
    .argument('[names...]', 'Caches to remove. Default: all.');
  addGlobalFlags(clean, 'Print what was removed, and what is in use, as JSON.');
  addExamples(
    clean,
    ['mayfly cache clean', 'remove all that no VM uses'],
    ['mayfly cache clean my-image-packages', 'remove one'],
  );
  clean.action(async (names: readonly string[], flags: GlobalOptions) => {
    const { allCaches, removeCache } = await import('../build/vm/all-caches.js');
    using session = openSession(flags, false);
    const known = await allCaches(session.context);
    const unknown = names.filter((name) => !known.some((cache) => cache.name === name));
    if (unknown.length > 0) {
      throw new MayflyError('usage', 'cache.unknown', `There is no cache ${unknown.join(', ')}.`, {
        hint: '`mayfly cache list` lists them.',
      });
    }
    const removed: string[] = [];
    const inUse: string[] = [];
    for (const cache of known.filter(({ name }) => names.length === 0 || names.includes(name))) {
      const gone = await removeCache(session.context, cache);
      (gone ? removed : inUse).push(cache.name);
      if (gone && flags.json !== true) print(`Removed the cache ${cache.name}${placeOf(cache)}.`);
    }
    if (flags.json === true) printJson({ removed, inUse });
    else if (known.length === 0) print('There is nothing to remove.');
    if (inUse.length > 0) {
      throw new MayflyError(
        'refused',
        'cache.in-use',
        `In use by a VM, and not removed: ${inUse.join(', ')}.`,
        { hint: '`mayfly vm list` shows the VMs.' },
      );
    }
  });
}

const placeOf = ({ connection }: { readonly connection?: string }): string =>
  connection === undefined ? '' : ` in the pool of ${connection}`;
