/** `mayfly init` */
import { Option, type Command } from 'commander';
import { quoteWord } from '../process/command-error.js';
import { addGlobalFlags, print, printJson } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export const TEMPLATES = ['live', 'live-build', 'minimal'] as const;

export function registerInit(program: Command): void {
  const command = program
    .command('init')
    .summary('make a new project')
    .description(
      'Makes a Git repository with a commented builder directory that describes a small Debian image, and commits it. The project is frozen from its first commit to a snapshot that is taken now; debian-security stays at latest.',
    )
    .argument('<directory>', 'Folder to make; it must not exist, or be empty.')
    .addOption(
      new Option(
        '-t, --template <NAME>',
        'What to begin with: a Debian live system, the same by way of live-build, or kernel and busybox only.',
      )
        .choices([...TEMPLATES])
        .default('live'),
    )
    .option('--no-freeze', 'Leave all serials at latest, and take no snapshot.');
  addGlobalFlags(command, 'Print name, folder and commit as JSON.');
  addExamples(
    command,
    ['mayfly init my-image', 'make a project of a Debian live system'],
    ['mayfly init tiny --template minimal', 'make the smallest one'],
  );
  command.action(async (directory: string, flags: GlobalOptions & { template: string; freeze: boolean }) => {
    const { initProject } = await import('../tasks/init.js');
    using session = openSession(flags, false);
    const made = await initProject(session.context, directory, {
      template: flags.template,
      freeze: flags.freeze,
    });
    if (flags.json === true) {
      printJson(made);
      return;
    }
    print(`Made the project ${made.name} in ${made.folder} (commit ${made.shortId}).`);
    const frozen = Object.entries(made.serials).map(([origin, serial]) => `${origin} ${serial}`);
    if (frozen.length > 0) print(`Frozen to ${frozen.join(', ')}.`);
    print(`Next: cd ${quoteWord(directory)} && mayfly build`);
  });
}
