/** `mayfly vm up` */
import type { Command } from 'commander';
import {
  addBootTimeoutFlag,
  addBuildOptionFlags,
  parseBootTimeout,
  type FlagChoice,
} from './build-options.js';
import { addGlobalFlags, addProviderFlag, parseProvider, print, printJson } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

/**
 * The VM is kept in any case; and as nothing is built, there is no change to miss, no clock to
 * move (each build moves it), and nothing to compress.
 */
const CHOICE: FlagChoice = {
  without: [
    '--keep-running',
    '--ignore-changes',
    '--date-offset',
    '--fast-compression',
    '--default-compression',
  ],
  meaning: {
    '--rescue': 'Keep the VM also when provisioning fails.',
    '--force-cleanup': 'Destroy the VM that is kept for this checkout, and start a new one.',
  },
};

export function addVmUp(vm: Command): void {
  const up = vm
    .command('up')
    .summary('start the VM, provision it, and keep it')
    .description('Starts the VM (or the one that was halted), provisions it, and keeps it.');
  addGlobalFlags(up, 'Print the id of the VM as JSON.');
  addProviderFlag(up);
  addBootTimeoutFlag(up);
  addBuildOptionFlags(up, CHOICE);
  addExamples(
    up,
    ['mayfly vm up', 'start the VM, or the one that was halted'],
    ['mayfly vm up --force-cleanup', 'start a new one in place of the kept one'],
    ['mayfly vm up --boot-timeout 20m', 'give it time on a loaded host'],
  );
  up.action(async (flags: GlobalOptions & { provider?: string; bootTimeout?: string }) => {
    const [{ vmUp }, { withJournal }] = await Promise.all([
      import('../build/vm/commands.js'),
      import('../build/record/with-journal.js'),
    ]);
    using session = openSession(flags, false);
    const id = await withJournal(session.context, (context, journal) =>
      vmUp(context, journal, {
        flags: { ...flags },
        provider: parseProvider(flags.provider),
        bootTimeoutMs: parseBootTimeout(flags.bootTimeout),
      }),
    );
    if (flags.json === true) printJson({ id });
    else print(`The VM ${id} runs. Get in: mayfly vm ssh. End it: mayfly vm destroy.`);
  });
}
