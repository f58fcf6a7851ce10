/** `mayfly box create|list|show`; removing boxes is in box-remove.ts, sharing them in box-share.ts. */
import type { Command } from 'commander';
import type { Box } from '../basebox/store.js';
import { formatBytes, formatSeconds } from '../report/format.js';
import { addGlobalFlags, print, printJson, table } from './common.js';
import { addRemoveCommands } from './box-remove.js';
import { addShareCommands } from './box-share.js';
import { allBoxes, BOX_NAME, pickBox } from './boxes.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export function registerBox(program: Command): void {
  const box = program
    .command('box')
    .summary('make, list, show, share and remove base boxes')
    .description(
      'Works with base boxes. A base box is the disk that every builder VM starts from; it is generated, and stored once for each fingerprint of what goes into it.',
    );
  addExamples(
    box,
    ['mayfly box create', 'make the base box before the first build needs it'],
    ['mayfly box list', 'see which base boxes there are'],
  );
  addCreate(box);
  addList(box);
  addShow(box);
  addRemoveCommands(box);
  addShareCommands(box);
}

function addCreate(box: Command): void {
  const create = box
    .command('create')
    .summary("make this project's base box")
    .description("Makes this project's base box, unless it exists.")
    .option(
      '--twice',
      'Make it twice, and compare: the same inputs must give the same bytes. Where they differ it says where, and diffoscope, if it is installed, what.',
    )
    .option('--offline', 'Fetch nothing: the local archive has all that it takes, or it fails.');
  addGlobalFlags(create, 'Print the record of the base box as JSON.');
  addExamples(
    create,
    ['mayfly box create --verbose', 'make it, and show every line'],
    ['mayfly box create --twice', 'try whether it is reproducible'],
  );
  create.action(async (flags: GlobalOptions & { twice?: boolean; offline?: boolean }) => {
    const { createProjectBox } = await import('../build/box/commands.js');
    using session = openSession(flags, false);
    const twice = flags.twice === true;
    const { box: made, reused } = await createProjectBox(session.context, {
      twice,
      offline: flags.offline === true,
    });
    if (flags.json === true) {
      printJson(made.record);
      return;
    }
    const { label, fingerprint, diskSha256, fileBytes, seconds } = made.record;
    if (twice) print(`Made the base box ${label} twice: the same bytes.`);
    else if (reused) print(`The base box exists: ${label}`);
    else print(`Made the base box ${label} in ${formatSeconds(seconds)}`);
    print(`  fingerprint ${fingerprint}, ${formatBytes(fileBytes)}, disk sha256 ${diskSha256}`);
  });
}

function addList(box: Command): void {
  const list = box
    .command('list')
    .summary('list the base boxes')
    .description('Lists the base boxes, newest first.');
  addGlobalFlags(list, 'Print their records as JSON.');
  addExamples(list, ['mayfly box list', 'show label, fingerprint, size and age']);
  list.action(async (flags: GlobalOptions) => {
    using session = openSession(flags, false);
    const boxes = await allBoxes(session.context);
    if (flags.json === true) {
      printJson(boxes.map(({ record }) => record));
      return;
    }
    if (boxes.length === 0) {
      print('There are no base boxes yet.');
      return;
    }
    const rows = boxes.map(({ record }) => [
      record.label,
      record.fingerprint.slice(0, 12),
      formatBytes(record.fileBytes),
      record.createdAt.slice(0, 16).replace('T', ' '),
    ]);
    for (const line of table(rows)) print(line);
  });
}

function addShow(box: Command): void {
  const show = box
    .command('show')
    .summary('show what went into a base box')
    .description('Shows what went into a base box, and which of it changed since the one before.')
    .argument('<box>', BOX_NAME);
  addGlobalFlags(show, 'Print JSON, with every package.');
  addExamples(
    show,
    ['mayfly box show 1a2b3c', 'find it by its fingerprint'],
    ['mayfly box show 1a2b3c --json | jq .packages', 'list its packages'],
  );
  show.action(async (name: string, flags: GlobalOptions) => {
    const { changesOf, readBoxPackages } = await import('../build/box/files.js');
    using session = openSession(flags, false);
    const boxes = await allBoxes(session.context);
    const found = await pickBox(boxes, name);
    const packages = await readBoxPackages(found);
    const changes = changesOf(boxes, found);
    const { boxIdentity } = await import('../basebox/identity.js');
    const identity = await boxIdentity(found.folder, found.record);
    if (flags.json === true) {
      printJson({ ...found.record, identity, packages, ...(changes === undefined ? {} : { changes }) });
      return;
    }
    for (const line of showLines(found, identity)) print(line);
    if (changes !== undefined) {
      print(`changed since ${changes.since}:`);
      for (const line of changes.inputs) print(`  ${line}`);
      if (changes.inputs.length === 0) print('  nothing');
    }
  });
}

function showLines({ record }: Box, identity: string): readonly string[] {
  const rows = [
    ['label', record.label],
    ['fingerprint', record.fingerprint],
    ['identity', identity],
    ['made', `${record.createdAt}, in ${formatSeconds(record.seconds)}`],
    ['disk', `${formatBytes(record.diskBytes)}, sha256 ${record.diskSha256}`],
    ['file', formatBytes(record.fileBytes)],
    ['packages', String(record.packageCount)],
  ];
  return [
    ...table(rows),
    'made from:',
    ...JSON.stringify(record.inputs, null, 2)
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}
