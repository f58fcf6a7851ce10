/** The part of `mayfly snapshots` that keeps the local archive: tag, hold, expire, verify, export, import. */
import type { Command } from 'commander';
import { MayflyError } from '../errors.js';
import { formatBytes } from '../report/format.js';
import type { ImportOptions } from '../tasks/keep-snapshots.js';
import { addGlobalFlags, print, printJson, wholeDays } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export function addKeepCommands(snapshots: Command): void {
  addTag(snapshots);
  addUntag(snapshots);
  addHold(snapshots);
  addUnhold(snapshots);
  addExpire(snapshots);
  addVerify(snapshots);
  addExport(snapshots);
  addImport(snapshots);
}

function addTag(snapshots: Command): void {
  const tag = snapshots
    .command('tag')
    .summary('keep for good what a build used')
    .description(
      'Keeps for good exactly what a build used: its snapshots, and every package file that its base box, its VM and its image were made from. A commit with a Git tag of the same name is then built from it, for ever.',
    )
    .argument('<tag>', 'Name of the release, such as 1.0.')
    .option(
      '--record <FILE>',
      'The build record. Default: that of the newest successful build of this checkout.',
    );
  addGlobalFlags(tag, 'Print the tag as JSON.');
  addExamples(tag, ['mayfly snapshots tag 1.0', 'keep what the release 1.0 was built from']);
  tag.action(async (name: string, flags: GlobalOptions & { record?: string }) => {
    const { tagBuild } = await import('../tasks/tag-build.js');
    using session = openSession(flags, false);
    const made = await tagBuild(session.context, name, flags.record);
    if (flags.json === true) printJson(made);
    else {
      const bytes = made.files.reduce((sum, file) => sum + file.bytes, 0);
      print(
        `Tagged ${made.tag}: ${Object.keys(made.snapshots).length} snapshots, ${made.files.length} files, ${formatBytes(bytes)}.`,
      );
    }
  });
}

function addUntag(snapshots: Command): void {
  const untag = snapshots
    .command('untag')
    .summary('let go what a tag keeps')
    .description('Removes a tag. What only it kept goes at the next `mayfly snapshots expire`.')
    .argument('<tag>', 'Name of the tag.');
  addGlobalFlags(untag, undefined);
  addExamples(untag, ['mayfly snapshots untag 1.0', 'this release will not be built again']);
  untag.action(async (name: string, flags: GlobalOptions) => {
    const { untag: remove } = await import('../tasks/keep-snapshots.js');
    using session = openSession(flags, false);
    await remove(session.context, name);
  });
}

function addHold(snapshots: Command): void {
  const hold = snapshots
    .command('hold')
    .summary('keep a snapshot until it is let go')
    .description('Keeps a snapshot of the local archive from expiring, until `mayfly snapshots unhold`.')
    .argument('<origin>', 'The origin.')
    .argument('<serial>', 'The serial.')
    .option('--reason <TEXT>', 'Why, for whoever wonders later.');
  addGlobalFlags(hold, undefined);
  addExamples(hold, [
    'mayfly snapshots hold debian 2026010101 --reason "release candidate"',
    'keep it, and say why',
  ]);
  hold.action(async (origin: string, serial: string, flags: GlobalOptions & { reason?: string }) => {
    const { hold: keep } = await import('../tasks/keep-snapshots.js');
    using session = openSession(flags, false);
    await keep(session.context, origin, serial, flags.reason ?? '');
    print(
      `Held: the snapshot ${serial} of ${origin}, until \`mayfly snapshots unhold ${origin} ${serial}\`.`,
    );
  });
}

function addUnhold(snapshots: Command): void {
  const unhold = snapshots
    .command('unhold')
    .summary('let a held snapshot expire')
    .description('Lets a snapshot that was held expire like any other.')
    .argument('<origin>', 'The origin.')
    .argument('<serial>', 'The serial.');
  addGlobalFlags(unhold, undefined);
  addExamples(unhold, ['mayfly snapshots unhold debian 2026010101', 'it may go when nobody uses it']);
  unhold.action(async (origin: string, serial: string, flags: GlobalOptions) => {
    const { unhold: release } = await import('../tasks/keep-snapshots.js');
    using session = openSession(flags, false);
    await release(session.context, origin, serial);
    print(`No longer held: the snapshot ${serial} of ${origin}.`);
  });
}

function addExpire(snapshots: Command): void {
  const expire = snapshots
    .command('expire')
    .summary('remove snapshots that no build has used for long')
    .description(
      'Removes snapshots of the local archive that no build has used for long, and the files that nothing else needs. The newest of each origin stays, and so does what is held or tagged, or named by a checkout that uses the archive, on any of its branches.',
    )
    .option('--older-than <DAYS>', 'How long unused, a day at least. Default: 183, half a year.', wholeDays)
    .option('--dry-run', 'Say what would go, and remove nothing.');
  addGlobalFlags(expire, 'Print what was removed as JSON.');
  addExamples(expire, ['mayfly snapshots expire --dry-run', 'see what would go']);
  expire.action(async (flags: GlobalOptions & { olderThan?: number; dryRun?: boolean }) => {
    const [{ expireSnapshots }, { UNUSED_DAYS }] = await Promise.all([
      import('../tasks/keep-snapshots.js'),
      import('../snapshots/local/expire.js'),
    ]);
    using session = openSession(flags, false);
    const dryRun = flags.dryRun === true;
    const days = flags.olderThan ?? UNUSED_DAYS;
    const gone = await expireSnapshots(session.context, { days, dryRun });
    if (flags.json === true) {
      printJson(gone);
      return;
    }
    const verb = dryRun ? 'Would remove' : 'Removed';
    for (const { origin, serial } of gone.snapshots) print(`${verb} the snapshot ${serial} of ${origin}.`);
    if (gone.files > 0) print(`${verb} ${gone.files} files, ${formatBytes(gone.bytes)}.`);
    if (gone.named > 0) {
      const [stay, them] = gone.named === 1 ? ['snapshot stays', 'it'] : ['snapshots stay', 'them'];
      print(`${gone.named} unused ${stay}: a checkout names ${them}.`);
    }
    if (gone.snapshots.length + gone.files === 0) print('There is nothing to remove.');
  });
}

function addVerify(snapshots: Command): void {
  const verify = snapshots
    .command('verify')
    .summary('check every stored byte')
    .description(
      'Checks every file of the local archive against its checksum, and that all that snapshots and tags need is there. What is damaged is fetched again, as far as its mirror still has it.',
    )
    .option('--offline', 'Fetch nothing: damage is told, and not mended.');
  addGlobalFlags(verify, 'Print what was found as JSON.');
  addExamples(verify, ['mayfly snapshots verify', 'check, and mend']);
  verify.action(async (flags: GlobalOptions & { offline?: boolean }) => {
    const { verifySnapshots } = await import('../tasks/keep-snapshots.js');
    using session = openSession(flags, false);
    const { files, bytes, damage } = await verifySnapshots(session.context, flags.offline === true);
    if (flags.json === true) printJson({ files, bytes, damage });
    else {
      for (const { sha256, problem, name, repaired } of damage)
        print(`${problem}${repaired ? ', mended' : ''}: ${name ?? 'a file that nothing names'} (${sha256})`);
      print(`Checked ${files} files, ${formatBytes(bytes)}.`);
    }
    const lost = damage.filter(({ repaired, name }) => !repaired && name !== undefined);
    if (lost.length > 0) {
      throw new MayflyError(
        'host',
        'archive.damaged',
        `${lost.length} files of the local archive are lost.`,
        {
          hint: 'Import a bundle that has them (mayfly snapshots import), or check again when the mirror is in reach.',
        },
      );
    }
  });
}

function addExport(snapshots: Command): void {
  const exporting = snapshots
    .command('export')
    .summary('write a tag, and all that it keeps, into one file')
    .description(
      'Writes a replay bundle: one file with a tag and everything that it keeps, from which another host builds the same again with no archive in reach. The same tag gives the same bytes.',
    )
    .argument('<tag>', 'Name of the tag.')
    .argument('<file>', 'The bundle to write.');
  addGlobalFlags(exporting, undefined);
  addExamples(exporting, ['mayfly snapshots export 1.0 1.0.bundle', 'for another host, or for years']);
  exporting.action(async (name: string, file: string, flags: GlobalOptions) => {
    const { exportSnapshots } = await import('../tasks/keep-snapshots.js');
    using session = openSession(flags, false);
    const bytes = await exportSnapshots(session.context, name, file);
    print(`Wrote ${file}, ${formatBytes(bytes)}.`);
  });
}

function addImport(snapshots: Command): void {
  const importing = snapshots
    .command('import')
    .summary('bring a replay bundle into the local archive')
    .description(
      'Brings a replay bundle into the local archive. Nothing in it is believed: signatures are checked with the keyrings of this host and project, and every file against what is signed.',
    )
    .argument('<file>', 'The bundle.')
    .option('--keyring <FILE>', "Keyring that signs everything in it. Default: the project's, or Debian's.")
    .option('--as <TAG>', 'What its tag is called here. Default: as in the bundle.');
  addGlobalFlags(importing, 'Print what was imported as JSON.');
  addExamples(importing, [
    'mayfly snapshots import 1.0.bundle',
    'then `mayfly build --offline` of that commit',
  ]);
  importing.action(async (file: string, flags: GlobalOptions & ImportOptions) => {
    const { importSnapshots } = await import('../tasks/keep-snapshots.js');
    using session = openSession(flags, false);
    const { tag, files, bytes, isNew } = await importSnapshots(session.context, file, flags);
    if (flags.json === true) printJson({ tag: tag.tag, serials: tag.serials, files, bytes, isNew });
    else {
      print(
        `${isNew ? 'Imported' : 'Have already'} ${tag.tag} of ${tag.project}, commit ${tag.commit.slice(0, 12)}: ${files} files verified, ${formatBytes(bytes)} new.`,
      );
    }
  });
}
