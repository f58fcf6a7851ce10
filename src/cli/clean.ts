/** `mayfly clean` */
import type { Command } from 'commander';
import { MayflyError } from '../errors.js';
import { formatBytes } from '../report/format.js';
import { addGlobalFlags, print, printJson, wholeDays } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

interface CleanFlags extends GlobalOptions {
  readonly logs?: boolean;
  readonly olderThan?: number;
  readonly dryRun?: boolean;
}

export function registerClean(program: Command): void {
  const command = program
    .command('clean')
    .summary('remove what crashed builds left behind')
    .description(
      'Removes leftovers of builds that were killed: VMs, overlays, scratch folders, half-made base boxes. Every build does ' +
        'this by itself before it starts. Kept VMs, base boxes and caches stay (see `vm destroy`, `box clean`, `cache clean`). ' +
        'With --logs, it removes old logs of builds instead: never one of a build that runs or whose VM is kept, nor the newest of a checkout, nor that of its newest success.',
    );
  command
    .option('--logs', 'Remove old logs of builds, and nothing else.')
    .option('--older-than <DAYS>', 'With --logs: what is old. Default: 183, half a year.', wholeDays)
    .option('--dry-run', 'With --logs: say what would go, and remove nothing.');
  addGlobalFlags(command, 'Print what was removed as JSON.');
  addExamples(
    command,
    ['mayfly clean', 'give back what a crash still holds'],
    ['mayfly clean --logs --dry-run', 'see which logs are old'],
  );
  command.action(async (flags: CleanFlags) => {
    if (flags.logs === true) {
      await cleanOldLogs(flags);
      return;
    }
    refuseWithoutLogs(flags);
    const { reapLeftovers } = await import('../build/reap.js');
    using session = openSession(flags, false);
    const removed = await reapLeftovers(session.context, session.context.report);
    if (flags.json === true) printJson({ removed });
    else if (removed.length === 0 && flags.quiet !== true) print('Nothing was left behind.');
  });
}

/** @throws MayflyError `usage.needs-logs`: leftovers have no age, and a trial that removes is none */
function refuseWithoutLogs({ olderThan, dryRun }: CleanFlags): void {
  const flag = olderThan !== undefined ? '--older-than' : dryRun === true ? '--dry-run' : undefined;
  if (flag === undefined) return;
  throw new MayflyError('usage', 'usage.needs-logs', `${flag} needs --logs.`, {
    hint: 'Leftovers of crashed builds go at the next build in any case.',
  });
}

async function cleanOldLogs(flags: CleanFlags): Promise<void> {
  const [{ cleanLogs }, { KEPT_DAYS }] = await Promise.all([
    import('../tasks/clean-logs.js'),
    import('../tasks/old-logs.js'),
  ]);
  using session = openSession(flags, false);
  const dryRun = flags.dryRun === true;
  const { removed, bytes, unknown } = await cleanLogs(session.context, {
    days: flags.olderThan ?? KEPT_DAYS,
    dryRun,
  });
  for (const folder of unknown) {
    const text = `Nothing tells which build ${folder} is of: it stays. Remove it yourself, once you know.`;
    session.context.report({ type: 'notice', level: 'warning', text });
  }
  if (flags.json === true) {
    printJson({ removed, bytes, unknown });
    return;
  }
  const verb = dryRun ? 'Would remove' : 'Removed';
  for (const { id, checkout } of removed) print(`${verb} the log ${id} of ${checkout}.`);
  if (removed.length === 0) print('There is nothing to remove.');
  else
    print(`${verb} ${removed.length === 1 ? 'one log' : `${removed.length} logs`}, ${formatBytes(bytes)}.`);
}
