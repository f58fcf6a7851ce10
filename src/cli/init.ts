/** `mayfly init` */
import { Option, type Command } from 'commander';
import { addGlobalFlags, print } from './common.js';
import { openSession, type GlobalOptions } from './session.js';

export const TEMPLATES = ['live', 'live-build', 'minimal'] as const;

export function registerInit(program: Command): void {
  const command = program
    .command('init')
    .summary('make a new project')
    .description(
      'Makes a Git repository with a commented builder directory that describes a small Debian image, and commits it.',
    )
    .argument('<directory>', 'folder to make; must not exist or be empty')
    .addOption(
      new Option(
        '-t, --template <NAME>',
        'live: a Debian live system; live-build: the same by way of live-build; minimal: kernel and busybox only',
      )
        .choices([...TEMPLATES])
        .default('live'),
    );
  addGlobalFlags(command, undefined);
  command.addHelpText('after', '\nExamples:\n  mayfly init my-image\n  mayfly init tiny --template minimal');
  command.action(async (directory: string, flags: GlobalOptions & { template: string }) => {
    const { initProject } = await import('../tasks/init.js');
    using session = openSession(flags, false);
    const made = await initProject(session.context, directory, flags.template);
    print(`Made the project ${made.name} in ${made.folder} (commit ${made.shortId}).`);
    print(`Next: cd ${directory} && mayfly build`);
  });
}
