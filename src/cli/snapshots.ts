/** `mayfly snapshots`: the serial files of a project; its other files have the commands of the archive. */
import type { Command } from 'commander';
import type { SerialSet } from '../build/archive/origins.js';
import { addGlobalFlags, print, printJson, table } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';
import { addArchiveCommands } from './snapshots-archive.js';
import { addKeepCommands } from './snapshots-keep.js';
import { writtenLines } from './written.js';

const ORIGINS = ['[origins...]', 'Origins. Default: all of the project.'] as const;

interface SetFlags extends GlobalOptions {
  readonly box?: boolean;
  readonly image?: boolean;
}

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

function addSetFlags(command: Command): Command {
  return command
    .option('--box', 'Only the serial files of the base box.')
    .option('--image', 'Only the serial files of the image.');
}

/** Both sets, unless one is asked for. */
function chosenSets(flags: SetFlags): readonly SerialSet[] {
  const sets: SerialSet[] = [];
  if (flags.box === true || flags.image !== true) sets.push('box');
  if (flags.image === true || flags.box !== true) sets.push('image');
  return sets;
}

function printWritten(
  serials: Readonly<Record<string, string>>,
  written: readonly string[],
  cwd: string,
): void {
  for (const line of writtenLines(serials, written, cwd)) print(line);
}

function addShow(snapshots: Command): void {
  const show = snapshots
    .command('show')
    .summary('print what the serial files hold')
    .description('Prints what the serial files hold.')
    .argument(...ORIGINS)
    .option('--serials-only', 'Print the serials alone, one a line.');
  addSetFlags(addGlobalFlags(show, 'Print them as JSON.'));
  addExamples(show, ['mayfly snapshots show --image', 'what the image is built from']);
  show.action(async (asked: readonly string[], flags: SetFlags & { serialsOnly?: boolean }) => {
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
    .argument(...ORIGINS)
    .option('--serials-only', 'Print the serials alone, one a line.');
  addGlobalFlags(latest, 'Print them as JSON.');
  addExamples(latest, ['mayfly snapshots latest debian', 'the newest serial of one origin']);
  latest.action(async (asked: readonly string[], flags: GlobalOptions & { serialsOnly?: boolean }) => {
    const { chosenOrigins, newestSerials, serialProject } = await import('../tasks/snapshots.js');
    using session = openSession(flags, false);
    const project = await serialProject(session.context);
    const newest = await newestSerials(session.context, project, chosenOrigins(project, asked), false);
    if (flags.json === true) printJson(newest);
    else if (flags.serialsOnly === true) Object.values(newest).forEach(print);
    else for (const line of table(Object.entries(newest))) print(line);
  });
}

function addFreeze(snapshots: Command): void {
  const freeze = snapshots
    .command('freeze')
    .summary('write the newest serials into the serial files')
    .description(
      'Takes a snapshot when the archive has changed, and writes the newest serials into the serial files. debian-security stays at latest, so that fixes reach a frozen project, unless it is named or --security is given. Commit the files to make it so for everybody.',
    )
    .argument(...ORIGINS)
    .option('--security', 'Freeze debian-security too.');
  addSetFlags(addGlobalFlags(freeze, 'Print what was written as JSON.'));
  addExamples(
    freeze,
    ['mayfly snapshots freeze', 'pin everything but fixes of security'],
    ['mayfly snapshots freeze --security --image', 'pin the image, fixes included'],
  );
  freeze.action(async (asked: readonly string[], flags: SetFlags & { security?: boolean }) => {
    const [{ chosenOrigins, serialProject }, { freeze: freezeTo }, { SECURITY_ORIGIN }] = await Promise.all([
      import('../tasks/snapshots.js'),
      import('../tasks/write-serials.js'),
      import('../snapshots/freeze.js'),
    ]);
    using session = openSession(flags, false);
    const project = await serialProject(session.context);
    const { serials, written } = await freezeTo(session.context, project, {
      origins: chosenOrigins(project, asked),
      sets: chosenSets(flags),
      security: flags.security === true || asked.includes(SECURITY_ORIGIN),
    });
    if (flags.json === true) printJson(serials);
    else printWritten(serials, written, session.context.cwd);
  });
}

function addThaw(snapshots: Command): void {
  const thaw = snapshots
    .command('thaw')
    .summary('write `latest` into the serial files')
    .description('Writes `latest` into the serial files: each build then uses the newest state.')
    .argument(...ORIGINS);
  addSetFlags(addGlobalFlags(thaw, undefined));
  addExamples(thaw, ['mayfly snapshots thaw --image', 'let the image follow the archive']);
  thaw.action(async (asked: readonly string[], flags: SetFlags) => {
    const [{ chosenOrigins, serialProject }, { writeAll }, { thawedSerials }] = await Promise.all([
      import('../tasks/snapshots.js'),
      import('../tasks/write-serials.js'),
      import('../snapshots/freeze.js'),
    ]);
    using session = openSession(flags, false);
    const project = await serialProject(session.context);
    const serials = thawedSerials(chosenOrigins(project, asked));
    const written = await writeAll(session.context, project, serials, chosenSets(flags));
    printWritten(serials, written, session.context.cwd);
  });
}

function addSet(snapshots: Command): void {
  const set = snapshots
    .command('set')
    .summary('write one serial into the serial files')
    .description('Writes a serial into the serial files of one origin.')
    .argument('<origin>', 'The origin.')
    .argument('<serial>', '`latest`, YYYYMMDDNN, or YYYYMMDDTHHMMSSZ.');
  addSetFlags(addGlobalFlags(set, undefined));
  addExamples(set, ['mayfly snapshots set debian 2026010101', 'build from an older state']);
  set.action(async (origin: string, serial: string, flags: SetFlags) => {
    const [{ chosenOrigins, serialProject }, { setSerial }] = await Promise.all([
      import('../tasks/snapshots.js'),
      import('../tasks/write-serials.js'),
    ]);
    using session = openSession(flags, false);
    const project = await serialProject(session.context);
    chosenOrigins(project, [origin]);
    const written = await setSerial(session.context, project, origin, serial, chosenSets(flags));
    printWritten({ [origin]: serial }, written, session.context.cwd);
  });
}

function addResolve(snapshots: Command): void {
  const resolve = snapshots
    .command('resolve')
    .summary('print the serials that a build would use now')
    .description(
      'Makes every `latest` one serial, as a build of this checkout does before it starts, and prints them: with the base branch merged in, and from the tag of a release. The JSON of the image is what the variable APT_SNAPSHOTS_SERIALS takes. Of a release from a snapshot service with tagged snapshots, the tag is printed: its build needs no variable.',
    )
    .option('--box', 'Those of the base box. Default: those of the image.');
  addGlobalFlags(resolve, 'Print them as JSON.');
  addExamples(resolve, ['mayfly snapshots resolve --json', 'a value for APT_SNAPSHOTS_SERIALS']);
  resolve.action(async (flags: GlobalOptions & { box?: boolean }) => {
    const { resolveSerials } = await import('../tasks/resolve-serials.js');
    using session = openSession(flags, false);
    const { origins } = await resolveSerials(session.context);
    const of = flags.box === true ? 'box' : 'image';
    const serials = Object.fromEntries(origins.map((planned) => [planned.origin, planned[of].serial]));
    if (flags.json === true) printJson(serials);
    else for (const line of table(Object.entries(serials))) print(line);
  });
}
