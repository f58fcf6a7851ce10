/** `mayfly snapshots`, and the part of it that reads the serials of a project; its other files have the rest. */
import type { Command } from 'commander';
import { print, printJson, table } from './common.js';
import { addExamples } from './help.js';
import {
  addSerialFlags,
  addSetFlags,
  chosenSets,
  ORIGINS,
  printSerials,
  type SerialFlags,
  type SetFlags,
} from './serials.js';
import { openSession } from './session.js';
import { addArchiveCommands } from './snapshots-archive.js';
import { addKeepCommands } from './snapshots-keep.js';
import { addFreeze, addSet, addThaw } from './snapshots-write.js';

export function registerSnapshots(program: Command): void {
  const snapshots = program
    .command('snapshots')
    .summary('freeze, thaw, take, keep and serve APT snapshots')
    .description(
      'Works with APT snapshots. A project names a state of each origin in serial files: one set for the base box, one for the image. `latest` is the newest at each build; a serial is the same for ever.',
    );
  addExamples(
    snapshots,
    ['mayfly snapshots freeze', 'pin the project to what the archive has now'],
    ['mayfly snapshots thaw', 'follow the archive again'],
  );
  addShow(snapshots);
  addLatest(snapshots);
  addFreeze(snapshots);
  addThaw(snapshots);
  addSet(snapshots);
  addResolve(snapshots);
  addArchiveCommands(snapshots);
  addKeepCommands(snapshots);
}

function addShow(snapshots: Command): void {
  const show = snapshots
    .command('show')
    .summary('print what the serial files hold')
    .description('Prints what the serial files hold.')
    .argument(...ORIGINS);
  addSetFlags(addSerialFlags(show, 'Print them as JSON.'));
  addExamples(show, ['mayfly snapshots show --image', 'what the image is built from']);
  show.action(async (asked: readonly string[], flags: SetFlags) => {
    const { chosenOrigins, serialProject, showSerials } = await import('../tasks/snapshots.js');
    using session = openSession(flags, false);
    const project = await serialProject(session.context);
    const serials = await showSerials(project, chosenOrigins(project, asked));
    const sets = chosenSets(flags);
    if (flags.json === true) printJson(Object.fromEntries(sets.map((set) => [set, serials[set]])));
    else if (flags.serialsOnly === true) {
      for (const set of sets) Object.values(serials[set]).forEach(print);
    } else {
      const rows = sets.flatMap((set) => Object.entries(serials[set]).map((row) => [set, ...row]));
      for (const line of table(rows)) print(line);
    }
  });
}

function addLatest(snapshots: Command): void {
  const latest = snapshots
    .command('latest')
    .summary('print the newest serial of each origin')
    .description(
      'Prints the newest serial of each origin: of the local archive, or of the snapshot service that builder.yaml names.',
    )
    .argument(...ORIGINS);
  addSerialFlags(latest, 'Print them as JSON.');
  addExamples(latest, ['mayfly snapshots latest debian', 'the newest serial of one origin']);
  latest.action(async (asked: readonly string[], flags: SerialFlags) => {
    const { chosenOrigins, newestSerials, serialProject } = await import('../tasks/snapshots.js');
    using session = openSession(flags, false);
    const project = await serialProject(session.context);
    printSerials(await newestSerials(session.context, project, chosenOrigins(project, asked), false), flags);
  });
}

function addResolve(snapshots: Command): void {
  const resolve = snapshots
    .command('resolve')
    .summary('print the serials that a build would use now')
    .description(
      'Makes every `latest` one serial, as a build of this checkout does before it starts, and prints them: with the base branch merged in, and from the tag of a release. The JSON of the image is what the variable APT_SNAPSHOTS_SERIALS takes. Of a release from a snapshot service with tagged snapshots, the tag is printed: its build needs no variable.',
    )
    .argument(...ORIGINS)
    .option('--box', 'Those of the base box. Default: those of the image.');
  addSerialFlags(resolve, 'Print them as JSON.');
  addExamples(
    resolve,
    ['mayfly snapshots resolve --json', 'a value for APT_SNAPSHOTS_SERIALS'],
    ['mayfly snapshots resolve debian --serials-only', 'the serial of one origin'],
  );
  resolve.action(async (asked: readonly string[], flags: SerialFlags & { box?: boolean }) => {
    const { resolveSerials } = await import('../tasks/resolve-serials.js');
    using session = openSession(flags, false);
    const { origins } = await resolveSerials(session.context, asked);
    const of = flags.box === true ? 'box' : 'image';
    printSerials(Object.fromEntries(origins.map((planned) => [planned.origin, planned[of].serial])), flags);
  });
}
