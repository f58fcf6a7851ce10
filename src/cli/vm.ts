/** `mayfly vm up|ssh|exec|provision|halt|destroy|status|list` */
import type { Command } from 'commander';
import { MayflyError } from '../errors.js';
import type { KnownVm } from '../vm/registry.js';
import { hostOf } from '../vm/where.js';
import { formatMemory } from '../report/format.js';
import { addGlobalFlags, print, printJson, table } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';
import { addVmExec, addVmSsh, VM } from './vm-shell.js';
import { addVmProvision } from './vm-provision.js';
import { addVmUp } from './vm-up.js';

export function registerVm(program: Command): void {
  const vm = program
    .command('vm')
    .enablePositionalOptions()
    .summary('work with the builder VM of this checkout')
    .description(
      'Works with the builder VM of this checkout. A VM is kept by `vm up`, by `build --keep-running` after a success, and by `build --rescue` however it ends. It serves the branch that it was started for, and no other.',
    );
  addExamples(
    vm,
    ['mayfly vm up', 'start a VM, and keep it'],
    ['mayfly vm ssh', 'look inside'],
    ['mayfly vm destroy', 'end it, and remove all of it'],
  );
  addVmUp(vm);
  addVmSsh(vm);
  addVmExec(vm);
  addVmProvision(vm);
  addHalt(vm);
  addDestroy(vm);
  addStatus(vm);
  addList(vm);
}

function addHalt(vm: Command): void {
  const halt = vm
    .command('halt')
    .summary('power the VM off, and keep its disk')
    .description('Powers the VM off and keeps its disk; `vm up` starts it again.')
    .argument('[vm]', VM);
  addGlobalFlags(halt, undefined);
  addExamples(halt, ['mayfly vm halt', 'give its memory back until tomorrow']);
  halt.action(async (id: string | undefined, flags: GlobalOptions) => {
    const { findVm, vmHalt } = await import('../build/vm/commands.js');
    using session = openSession(flags, false);
    const known = await findVm(session.context, id);
    await vmHalt(session.context, known);
    print(`The VM ${known.record.id} is halted.`);
  });
}

/** What is gone already is no failure of who wants it gone. */
function noneLeft(error: unknown): undefined {
  if (!(error instanceof MayflyError && error.code === 'vm.none')) throw error;
}

function addDestroy(vm: Command): void {
  const destroy = vm
    .command('destroy')
    .summary('end the VM, and remove all of it')
    .description('Ends the VM and removes all of it; its cache disks stay.')
    .argument('[vm]', VM);
  addGlobalFlags(destroy, undefined);
  addExamples(destroy, ['mayfly vm destroy', 'make room for a VM of another branch']);
  destroy.action(async (id: string | undefined, flags: GlobalOptions) => {
    const { findVm, vmDestroy } = await import('../build/vm/commands.js');
    using session = openSession(flags, false);
    const known = await findVm(session.context, id).catch(noneLeft);
    if (known === undefined) {
      print('There is no VM to destroy.');
      return;
    }
    await vmDestroy(session.context, known);
    print(`The VM ${known.record.id} is destroyed.`);
  });
}

function addStatus(vm: Command): void {
  const status = vm
    .command('status')
    .summary('say how the VM is')
    .description('Says how the VM of this checkout is.')
    .argument('[vm]', VM);
  addGlobalFlags(status, 'Print all of it as JSON.');
  addExamples(status, ['mayfly vm status', 'see its state, its branch and its hardware']);
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
}

function addList(vm: Command): void {
  const list = vm
    .command('list')
    .summary('list all VMs of this user')
    .description('Lists all VMs of this user, oldest first.');
  addGlobalFlags(list, 'Print them as JSON.');
  addExamples(list, ['mayfly vm list', 'show id, state, branch and checkout of each']);
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
    for (const line of table(
      vms.map((vm) => [vm.record.id, stateWords(vm), vm.record.ref, vm.record.checkout]),
    ))
      print(line);
  });
}

/** Of a VM of another host only that host knows more. */
export const stateWords = ({ state, record }: KnownVm): string =>
  state === 'elsewhere' ? `on ${hostOf(record)}` : state === 'silent' ? 'its host does not answer' : state;

function statusRows(vm: KnownVm): readonly (readonly string[])[] {
  const { record, folder } = vm;
  return [
    ['VM', record.id],
    ['state', stateWords(vm)],
    ['started for', `${record.ref} of ${record.checkout}`],
    ['hardware', `${record.cpus} CPUs, ${formatMemory(record.memoryBytes)}, ${record.accelerator}`],
    ['since', record.createdAt],
    ['SSH', record.port === undefined ? 'none' : `${record.host ?? '127.0.0.1'}:${record.port}`],
    ['folder', folder],
  ];
}
