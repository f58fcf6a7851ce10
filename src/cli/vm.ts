/** `mayfly vm up|ssh|exec|halt|provision|destroy|status|list` */
import type { Command } from 'commander';
import type { KnownVm } from '../vm/registry.js';
import { addBuildOptionFlags, addGlobalFlags, print, printJson, table } from './common.js';
import { openSession, type GlobalOptions } from './session.js';

const VM_ARGUMENT = ['[vm]', 'id of the VM (default: the one kept for this checkout)'] as const;

export function registerVm(program: Command): void {
  const vm = program
    .command('vm')
    .enablePositionalOptions()
    .summary('work with the builder VM of this checkout')
    .description(
      'A VM is kept by `vm up`, by `build --keep-running`, and by `build --rescue` after a failure. It serves the branch that it was started for, and no other.',
    );

  const up = addGlobalFlags(
    vm.command('up').description('Start the VM (or the one that was halted), provision it, and keep it.'),
    undefined,
  );
  addBuildOptionFlags(up);
  up.action(async (flags: GlobalOptions) => {
    const [{ vmUp }, { withJournal }] = await Promise.all([
      import('../build/vm/commands.js'),
      import('../build/record/with-journal.js'),
    ]);
    using session = openSession(flags, false);
    const id = await withJournal(session.context, (context, journal) =>
      vmUp(context, journal, { flags: { ...flags } }),
    );
    print(`The VM ${id} runs. Get in: mayfly vm ssh. End it: mayfly vm destroy.`);
  });

  const ssh = vm
    .command('ssh')
    .description('Log in to the VM.')
    .argument(...VM_ARGUMENT)
    .option('--root', 'as root, not as the build user');
  addGlobalFlags(ssh, undefined);
  ssh.action(async (id: string | undefined, flags: GlobalOptions & { root?: boolean }) => {
    const { vmShell } = await import('../build/vm/shell.js');
    using session = openSession(flags, false);
    process.exitCode = await vmShell(session.context, id, flags.root === true);
  });

  const exec = vm
    .command('exec')
    .description("Run a command in the VM; its exit code is the command's.")
    .argument('<command...>', 'command and arguments, after --')
    .option('--vm <ID>', VM_ARGUMENT[1])
    .option('--root', 'as root, not as the build user')
    .passThroughOptions();
  addGlobalFlags(exec, undefined);
  exec.addHelpText('after', '\nExample:\n  mayfly vm exec -- df -h /build');
  exec.action(async (command: readonly string[], flags: GlobalOptions & { vm?: string; root?: boolean }) => {
    const { vmExec } = await import('../build/vm/shell.js');
    using session = openSession(flags, false);
    process.exitCode = await vmExec(session.context, flags.vm, command, flags.root === true);
  });

  const provision = vm
    .command('provision')
    .description('Run the provisioning again in the VM of this checkout.');
  addGlobalFlags(provision, undefined);
  provision.action(async (flags: GlobalOptions) => {
    const [{ vmProvision }, { withJournal }] = await Promise.all([
      import('../build/vm/commands.js'),
      import('../build/record/with-journal.js'),
    ]);
    using session = openSession(flags, false);
    await withJournal(session.context, vmProvision);
  });

  const halt = vm
    .command('halt')
    .description('Power the VM off and keep its disk; `vm up` starts it again.')
    .argument(...VM_ARGUMENT);
  addGlobalFlags(halt, undefined);
  halt.action(async (id: string | undefined, flags: GlobalOptions) => {
    const { findVm, vmHalt } = await import('../build/vm/commands.js');
    using session = openSession(flags, false);
    const known = await findVm(session.context, id);
    await vmHalt(session.context, known);
    print(`The VM ${known.record.id} is halted.`);
  });

  const destroy = vm
    .command('destroy')
    .description('End the VM and remove all of it; its cache disks stay.')
    .argument(...VM_ARGUMENT);
  addGlobalFlags(destroy, undefined);
  destroy.action(async (id: string | undefined, flags: GlobalOptions) => {
    const { findVm, vmDestroy } = await import('../build/vm/commands.js');
    using session = openSession(flags, false);
    const known = await findVm(session.context, id);
    await vmDestroy(session.context, known);
    print(`The VM ${known.record.id} is destroyed.`);
  });

  const status = vm
    .command('status')
    .description('Say how the VM of this checkout is.')
    .argument(...VM_ARGUMENT);
  addGlobalFlags(status, 'print JSON');
  status.action(async (id: string | undefined, flags: GlobalOptions) => {
    const { findVm } = await import('../build/vm/commands.js');
    using session = openSession(flags, false);
    const known = await findVm(session.context, id);
    if (flags.json === true) {
      printJson({ state: known.state, ...known.record });
      return;
    }
    for (const line of table(statusRows(known))) print(line);
  });

  const list = vm.command('list').description('List all VMs of this user.');
  addGlobalFlags(list, 'print JSON');
  list.action(async (flags: GlobalOptions) => {
    const [{ listVms }, { vmsFolder }] = await Promise.all([
      import('../vm/registry.js'),
      import('../paths.js'),
    ]);
    using session = openSession(flags, false);
    const vms = await listVms(vmsFolder(session.context.home));
    if (flags.json === true) {
      printJson(vms.map(({ record, state }) => ({ state, ...record })));
      return;
    }
    if (vms.length === 0) {
      print('There are no VMs.');
      return;
    }
    for (const line of table(vms.map(({ record, state }) => [record.id, state, record.ref, record.checkout])))
      print(line);
  });
}

function statusRows({ record, state, folder }: KnownVm): readonly (readonly string[])[] {
  return [
    ['VM', record.id],
    ['state', state],
    ['started for', `${record.ref} of ${record.checkout}`],
    [
      'hardware',
      `${record.cpus} CPUs, ${Math.round(record.memoryBytes / 2 ** 20)} MiB, ${record.accelerator}`,
    ],
    ['since', record.createdAt],
    ['SSH', record.port === undefined ? 'none' : `127.0.0.1:${record.port}`],
    ['folder', folder],
  ];
}
