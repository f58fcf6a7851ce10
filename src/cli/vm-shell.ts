/** `mayfly vm ssh` and `mayfly vm exec`: whose exit code is that of what ran in the VM. */
import type { Command } from 'commander';
import { addGlobalFlags } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

/** Which VM a command is for. */
export const VM = 'Id of the VM. Default: the one kept for this checkout.';
const AS_ROOT = ['--root', 'Be root, not the build user.'] as const;

export function addVmSsh(vm: Command): void {
  const ssh = vm
    .command('ssh')
    .summary('log in to the VM')
    .description('Logs in to the VM.')
    .argument('[vm]', VM)
    .option(...AS_ROOT);
  addGlobalFlags(ssh, undefined);
  addExamples(ssh, ['mayfly vm ssh', 'as the build user'], ['mayfly vm ssh --root', 'as root']);
  ssh.action(async (id: string | undefined, flags: GlobalOptions & { root?: boolean }) => {
    const { vmShell } = await import('../build/vm/shell.js');
    using session = openSession(flags, false);
    process.exitCode = await vmShell(session.context, id, flags.root === true);
  });
}

export function addVmExec(vm: Command): void {
  const exec = vm
    .command('exec')
    .summary('run a command in the VM')
    .description("Runs a command in the VM; its exit code is the command's.")
    .argument('<command...>', 'Command and arguments, after --.')
    .option('--vm <ID>', VM)
    .option(...AS_ROOT)
    .passThroughOptions();
  addGlobalFlags(exec, undefined);
  addExamples(
    exec,
    ['mayfly vm exec -- df -h /build', 'see how much room a build has'],
    ['mayfly vm exec --root -- journalctl --boot', 'run something as root'],
  );
  exec.action(async (command: readonly string[], flags: GlobalOptions & { vm?: string; root?: boolean }) => {
    const { vmExec } = await import('../build/vm/shell.js');
    using session = openSession(flags, false);
    process.exitCode = await vmExec(session.context, flags.vm, command, flags.root === true);
  });
}
