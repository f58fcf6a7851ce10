/** The part of `mayfly snapshots` that writes serial files. */
import type { Command } from 'commander';
import { addExamples } from './help.js';
import { addSerialFlags, addSetFlags, chosenSets, ORIGINS, printSerials, type SetFlags } from './serials.js';
import { openSession } from './session.js';
import { writtenLines } from './written.js';

const WRITTEN_JSON = 'Print what was written as JSON.';

export function addFreeze(snapshots: Command): void {
  const freeze = snapshots
    .command('freeze')
    .summary('write the newest serials into the serial files')
    .description(
      'Takes a snapshot when the archive has changed, and writes the newest serials into the serial files. debian-security stays at latest, so that fixes reach a frozen project, unless it is named or --security is given. Commit the files to make it so for everybody.',
    )
    .argument(...ORIGINS)
    .option('--security', 'Freeze debian-security too.');
  addSetFlags(addSerialFlags(freeze, WRITTEN_JSON));
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
    printSerials(serials, flags, writtenLines(serials, written, session.context.cwd));
  });
}

export function addThaw(snapshots: Command): void {
  const thaw = snapshots
    .command('thaw')
    .summary('write `latest` into the serial files')
    .description('Writes `latest` into the serial files: each build then uses the newest state.')
    .argument(...ORIGINS);
  addSetFlags(addSerialFlags(thaw, WRITTEN_JSON));
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
    printSerials(serials, flags, writtenLines(serials, written, session.context.cwd));
  });
}

export function addSet(snapshots: Command): void {
  const set = snapshots
    .command('set')
    .summary('write one serial into the serial files')
    .description('Writes a serial into the serial files of one origin.')
    .argument('<origin>', 'The origin.')
    .argument('<serial>', '`latest`, YYYYMMDDNN, or YYYYMMDDTHHMMSSZ.');
  addSetFlags(addSerialFlags(set, WRITTEN_JSON));
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
    const serials = { [origin]: serial };
    printSerials(serials, flags, writtenLines(serials, written, session.context.cwd));
  });
}
