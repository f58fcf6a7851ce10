/** `mayfly vm provision` */
import type { Command } from 'commander';
import {
  addBootTimeoutFlag,
  addBuildOptionFlags,
  parseBootTimeout,
  type FlagChoice,
} from './build-options.js';
import { addGlobalFlags } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

/** As of `vm up`, but for what a VM that is there has, and for what becomes of it. */
const CHOICE: FlagChoice = {
  without: [
    '--keep-running',
    '--rescue',
    '--force-cleanup',
    '--ignore-changes',
    '--cpus',
    '--cpu-model',
    '--machine-type',
    '--date-offset',
    '--fast-compression',
    '--default-compression',
  ],
};

export function addVmProvision(vm: Command): void {
  const provision = vm
    .command('provision')
    .summary('run the provisioning again')
    .description(
      'Runs the provisioning again in the VM of this checkout. It knows the build options of this command, of MAYFLY_BUILD_OPTIONS and of builder.yaml, and not those that `vm up` or `build` was given: give --proxy, --offline, --no-merge-base-branch and the like again.',
    );
  addGlobalFlags(provision, undefined);
  addBootTimeoutFlag(provision);
  addBuildOptionFlags(provision, CHOICE);
  addExamples(
    provision,
    ['mayfly vm provision', 'try a change of provision/setup-builder'],
    ['mayfly vm provision --proxy noproxy', 'in a VM that was started so'],
  );
  provision.action(async (flags: GlobalOptions & { bootTimeout?: string }) => {
    const [{ vmProvision }, { withJournal }] = await Promise.all([
      import('../build/vm/commands.js'),
      import('../build/record/with-journal.js'),
    ]);
    using session = openSession(flags, false);
    await withJournal(session.context, (context, journal) =>
      vmProvision(context, journal, {
        flags: { ...flags },
        bootTimeoutMs: parseBootTimeout(flags.bootTimeout),
      }),
    );
  });
}
