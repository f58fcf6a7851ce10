/** The part of `mayfly box` that shares boxes: export, publish, import. */
import { Option, type Command } from 'commander';
import type { Box } from '../basebox/store.js';
import { BOX_FORMATS, type BoxFormat } from '../basebox/formats.js';
import type { Context } from '../build/context.js';
import { allBoxes, BOX_NAME, pickBox } from './boxes.js';
import { addGlobalFlags, print, printJson } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export function addShareCommands(box: Command): void {
  addExport(box);
  addPublish(box);
  addImport(box);
}

const BOX_FLAG = ['--box <BOX>', `${BOX_NAME} Default: this project's.`] as const;

async function chosenBox(context: Context, name: string | undefined): Promise<Box> {
  if (name !== undefined) return await pickBox(await allBoxes(context), name);
  const { projectBox } = await import('../build/box/commands.js');
  return await projectBox(context);
}

function addExport(box: Command): void {
  const exporting = box
    .command('export')
    .summary('write a base box to a file')
    .description(
      'Writes a base box to one file: a Vagrant box for vagrant-libvirt, which `mayfly box import` reads too, or its disk alone.',
    )
    .argument('<file>', 'The file to write.')
    .option(...BOX_FLAG)
    .addOption(new Option('--format <FORMAT>', 'Form of the file. Default: vagrant.').choices(BOX_FORMATS));
  addGlobalFlags(exporting, undefined);
  addExamples(
    exporting,
    ['mayfly box export builder.box', "this project's box, for `vagrant box add`"],
    ['mayfly box export --format raw disk.img', 'its disk, as it is'],
  );
  exporting.action(async (file: string, flags: GlobalOptions & { box?: string; format?: BoxFormat }) => {
    const { exportToFile } = await import('../build/box/share.js');
    using session = openSession(flags, false);
    const chosen = await chosenBox(session.context, flags.box);
    await exportToFile(session.context, chosen, flags.format ?? 'vagrant', file);
    if (flags.quiet !== true) print(`Wrote ${chosen.record.label} to ${file}.`);
  });
}

function addPublish(box: Command): void {
  const publish = box
    .command('publish')
    .summary('put a base box where others find it')
    .description(
      'Puts a base box into a folder, with a catalogue of versions that `vagrant box add` and `mayfly box import` read. Nothing half is ever seen there. A transfer by sftp that was cut off goes on where it stopped; into a folder of this host the file is packed anew.',
    )
    .argument('<to>', 'A folder of this host, or sftp://[user@]host[:port]/path.')
    .option(...BOX_FLAG)
    .option('--base-url <URL>', 'Where that folder is served. Default: file://, of a folder of this host.');
  addGlobalFlags(publish, 'Print what was published as JSON.');
  addExamples(
    publish,
    ['mayfly box publish /srv/boxes', 'into a folder of this host'],
    ['mayfly box publish sftp://host/srv/boxes --base-url https://host/boxes', 'to another host'],
  );
  publish.action(async (to: string, flags: GlobalOptions & { box?: string; baseUrl?: string }) => {
    const { publishBox } = await import('../build/box/publish.js');
    using session = openSession(flags, false);
    const chosen = await chosenBox(session.context, flags.box);
    const { boxIdentity } = await import('../basebox/identity.js');
    const done = {
      ...(await publishBox(session.context, { box: chosen, to, baseUrl: flags.baseUrl })),
      identity: await boxIdentity(chosen.folder, chosen.record),
    };
    if (flags.json === true) printJson(done);
    else {
      print(`${done.isNew ? 'Published' : 'Was there already:'} ${done.name} ${done.version}: ${done.url}`);
      print(`The catalogue is ${done.catalogue} there.`);
      print(`Its identity, for \`box import --identity\`: ${done.identity}`);
    }
  });
}

interface ImportFlags extends GlobalOptions {
  readonly version?: string;
  readonly diskSha256?: string;
  readonly identity?: string;
}

function addImport(box: Command): void {
  const importing = box
    .command('import')
    .summary('take a published base box')
    .description(
      'Takes a base box from a catalogue, or from a box file, into the store of this host. Its checksums are verified first: of the file, of the disk and of what is booted. They come from who published it; --identity compares with what you know from elsewhere. A download that a server broke off goes on; one that was interrupted here begins anew.',
    )
    .argument('<from>', 'A catalogue (NAME.json) or a box file: a path, or a URL.')
    .option('--version <VERSION>', 'Version in the catalogue. Default: the newest.')
    .option(
      '--disk-sha256 <HEX>',
      'What its raw disk must be: a build record has it (box.diskSha256). It says nothing of kernel and initrd, which boot beside the disk.',
    )
    .option(
      '--identity <HEX>',
      'What all of it must be, kernel and initrd too: `box show` and `box publish` print it.',
    );
  addGlobalFlags(importing, 'Print the record of the base box as JSON.');
  addExamples(importing, [
    'mayfly box import https://host/boxes/my-image-builder-amd64-trixie.json',
    'the newest, in place of making it',
  ]);
  importing.action(async (from: string, flags: ImportFlags) => {
    const { importBox } = await import('../build/box/import.js');
    using session = openSession(flags, false);
    const { version, diskSha256, identity } = flags;
    const { box: taken, reused } = await importBox(session.context, {
      from,
      version,
      diskSha256,
      identity,
    });
    const { boxIdentity } = await import('../basebox/identity.js');
    const found = await boxIdentity(taken.folder, taken.record);
    if (flags.json === true) {
      printJson({ ...taken.record, identity: found });
      return;
    }
    const { label, fingerprint } = taken.record;
    print(`${reused ? 'Have already' : 'Imported'} ${label} (${fingerprint.slice(0, 12)}).`);
    print(`Its identity is ${found}.`);
    if (diskSha256 !== undefined && identity === undefined)
      print('The disk is what you asked for; kernel and initrd are as the box file says (see --identity).');
  });
}
