/** The part of `mayfly snapshots` that fills and shows the local archive: take, list, serve. */
import type { Command } from 'commander';
import { formatBytes } from '../report/format.js';
import { addGlobalFlags, print, printJson, table } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export function addArchiveCommands(snapshots: Command): void {
  addTake(snapshots);
  addList(snapshots);
  addServe(snapshots);
}

function addTake(snapshots: Command): void {
  const take = snapshots
    .command('take')
    .summary('record what the archive has now')
    .description(
      'Records the current state of each origin in the local archive under a new serial. Signatures are checked and kept; packages are fetched when a build first wants them. Nothing is recorded when nothing has changed.',
    )
    .argument('[origins...]', 'Origins. Default: all of the project.');
  addGlobalFlags(take, 'Print what was taken as JSON.');
  addExamples(take, ['mayfly snapshots take', 'take one now, and freeze to it later']);
  take.action(async (asked: readonly string[], flags: GlobalOptions) => {
    const { chosenOrigins, serialProject, takeSnapshots } = await import('../tasks/snapshots.js');
    using session = openSession(flags, false);
    const project = await serialProject(session.context);
    const taken = await takeSnapshots(session.context, project, chosenOrigins(project, asked));
    if (flags.json === true) {
      printJson(taken);
      return;
    }
    const rows = taken.map(({ origin, serial, isNew, fetchedBytes }) => [
      origin,
      serial,
      isNew ? `new, ${formatBytes(fetchedBytes)} fetched` : 'unchanged',
    ]);
    for (const line of table(rows)) print(line);
  });
}

function addList(snapshots: Command): void {
  const list = snapshots
    .command('list')
    .summary('list the snapshots of the local archive')
    .description('Lists the snapshots of the local archive on this host.')
    .option('--tags', 'List the tags in their place.');
  addGlobalFlags(list, 'Print them as JSON.');
  addExamples(
    list,
    ['mayfly snapshots list', 'what can be frozen to'],
    ['mayfly snapshots list --tags', 'what is kept for good'],
  );
  list.action(async (flags: GlobalOptions & { tags?: boolean }) => {
    if (flags.tags === true) {
      await listTags(flags);
      return;
    }
    const { listSnapshots } = await import('../tasks/snapshots.js');
    using session = openSession(flags, false);
    const all = await listSnapshots(session.context);
    if (flags.json === true) printJson(all);
    else if (all.length === 0) print('There are no snapshots yet.');
    else {
      const rows = all.map(({ origin, serial, takenAt, suites, held }) => [
        origin,
        serial,
        takenAt.slice(0, 16).replace('T', ' '),
        suites.map(({ suite }) => suite).join(' ') + heldNote(held),
      ]);
      for (const line of table(rows)) print(line);
    }
  });
}

async function listTags(flags: GlobalOptions): Promise<void> {
  const { listTags: list } = await import('../tasks/keep-snapshots.js');
  using session = openSession(flags, false);
  const all = (await list(session.context)).map(({ tag, project, commit, createdAt, serials, files }) => {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { tag, project, commit, createdAt, serials, files: files.length, bytes };
  });
  if (flags.json === true) printJson(all);
  else if (all.length === 0) print('There are no tags yet.');
  else {
    const rows = all.map(({ tag, createdAt, project, commit, bytes }) => [
      tag,
      createdAt.slice(0, 16).replace('T', ' '),
      `${project}, commit ${commit.slice(0, 12)}`,
      formatBytes(bytes),
    ]);
    for (const line of table(rows)) print(line);
  }
}

function heldNote(reason: string | undefined): string {
  if (reason === undefined) return '';
  return reason === '' ? ' (held)' : ` (held: ${reason})`;
}

function addServe(snapshots: Command): void {
  const serve = snapshots
    .command('serve')
    .summary('serve the local archive over HTTP')
    .description(
      'Serves the local archive over HTTP until it is interrupted, for other machines or for a look. Builds on this host do so by themselves.',
    )
    .option('--listen <ADDRESS:PORT>', 'Where to listen. Default: 127.0.0.1, at any free port.')
    .option('--offline', 'Fetch nothing from upstream: what is not stored is not served.');
  addGlobalFlags(serve, undefined);
  addExamples(serve, ['mayfly snapshots serve --listen 0.0.0.0:3143', 'for a team']);
  serve.action(async (flags: GlobalOptions & { listen?: string; offline?: boolean }) => {
    const { serveSnapshots } = await import('../tasks/serve-snapshots.js');
    using session = openSession(flags, false);
    await serveSnapshots(session.context, {
      listen: flags.listen,
      offline: flags.offline === true,
      onReady: (url) => print(`Serving at ${url}. Ctrl-C ends it.`),
      onLine: (line) => {
        if (flags.quiet !== true) print(line);
      },
    });
  });
}
