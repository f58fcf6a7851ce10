/** `mayfly clean` */
import type { Command } from 'commander';
import { addGlobalFlags, print, printJson } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export function registerClean(program: Command): void {
  const command = program
    .command('clean')
    .summary('remove what crashed builds left behind')
    .description(
      'Removes leftovers of builds that were killed: VMs, overlays, scratch folders, half-made base boxes. Every build does ' +
        'this by itself before it starts. Kept VMs, base boxes and caches stay (see `vm destroy`, `box clean`, `cache clean`).',
    );
  addGlobalFlags(command, 'Print what was removed as JSON.');
  addExamples(command, ['mayfly clean', 'give back what a crash still holds']);
  command.action(async (flags: GlobalOptions) => {
    const { reapLeftovers } = await import('../build/reap.js');
    using session = openSession(flags, false);
    const removed = await reapLeftovers(session.context, session.context.report);
    if (flags.json === true) printJson({ removed });
    else if (removed.length === 0 && flags.quiet !== true) print('Nothing was left behind.');
  });
}
