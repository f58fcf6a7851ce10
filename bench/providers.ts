/**
 * The same VM on each provider: what people wait for, and plain Vagrant beside it. libvirt over SSH and Vagrant are used in
 * the small machine of the integration tests, so that neither a libvirtd nor a network of this host is asked for or changed.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { vmsFolder, vmFiles } from '../src/paths.js';
import { run } from '../src/process/run.js';
import { listVms } from '../src/vm/registry.js';
import { VAGRANT_ENVIRONMENT } from '../src/vm/vagrant/command.js';
import { smallMachine, thisHost, type Machine } from '../test/rig/machines.js';
import { repeatOnVmFailure } from './attempts.js';
import { timeToFirstLine, FIRST_LINE } from './first-line.js';
import { makeProbe } from './probe.js';
import type { Measure, SectionResult } from './result.js';
import { timed, type Setting } from './setting.js';
import { Trials } from './trials.js';

interface Place {
  readonly title: string;
  readonly provider: string;
  /** Of libvirt, for builder.yaml. */
  readonly uri: string;
  readonly machine: (folder: string) => Promise<Machine>;
}

const PLACES: readonly Place[] = [
  { title: 'qemu', provider: 'qemu', uri: 'qemu:///session', machine: thisHost },
  { title: 'libvirt, session', provider: 'libvirt', uri: 'qemu:///session', machine: thisHost },
  {
    ...{ title: 'libvirt over SSH', provider: 'libvirt' },
    ...{ uri: 'qemu+ssh://root@127.0.0.1:2222/system', machine: smallMachine },
  },
  { title: 'vagrant', provider: 'vagrant', uri: 'qemu:///system', machine: smallMachine },
];

/** Seconds, in the order in which a person has them. */
interface Times {
  readonly 'to the first line': number;
  readonly 'vm status': number;
  readonly 'vm exec -- true': number;
  readonly 'vm destroy': number;
}

interface PlainTimes {
  readonly 'up and ssh -c true': number;
  readonly status: number;
  readonly 'ssh -c true': number;
  readonly destroy: number;
}

export async function measureProviders(setting: Setting): Promise<SectionResult> {
  const measures: Measure[] = [];
  const notes: string[] = [];
  for (const place of PLACES) measures.push(...(await measurePlace(setting, place, notes)));
  return { name: 'providers', measures, comparisons: [], notes };
}

async function measurePlace(setting: Setting, place: Place, notes: string[]): Promise<readonly Measure[]> {
  const project = await makeProbe(setting, `echo '${FIRST_LINE}'\n: > empty.img`, '512M', {
    vm: { network: 'archive', libvirt: [place.uri] },
  });
  setting.say(`providers: ${place.title}: making the base box unless it exists`);
  await setting.mayfly(['box', 'create', '--quiet'], { cwd: project });
  const folder = join(setting.folder, place.title.replace(/\W+/g, '-'));
  await mkdir(folder);
  const machine = await place.machine(folder);
  const trials = new Trials<Times>(place.provider === 'qemu');
  const plain = new Trials<PlainTimes>();
  try {
    // The first makes the cache disk and brings the box to where it is used: it does not count.
    for (let round = 0; round <= setting.runs; round += 1) {
      setting.say(`providers: ${place.title} (${round})`);
      const measure = (): Promise<[Times, PlainTimes | undefined]> =>
        repeatOnVmFailure(setting, `mayfly build on ${place.title}`, notes, () =>
          measureOne(setting, project, place.provider, machine),
        );
      await trials.run(async () => {
        const [times, plainTimes] = await measure();
        if (plainTimes !== undefined) await plain.run(() => Promise.resolve(plainTimes));
        return times;
      });
    }
  } finally {
    await machine.end();
  }
  return [
    ...rows(trials, place.title, ['to the first line', 'vm status', 'vm exec -- true', 'vm destroy']),
    ...(place.provider === 'vagrant'
      ? rows(plain, 'plain vagrant', ['up and ssh -c true', 'status', 'ssh -c true', 'destroy'])
      : []),
  ];
}

/** A row for each name, without the round that does not count. */
function rows<T extends object>(
  trials: Trials<T>,
  title: string,
  names: readonly (keyof T & string)[],
): readonly Measure[] {
  return names.map((name) => {
    const measure = trials.measure(`${title}: ${name}`, (times) => Number(times[name]));
    return { ...measure, seconds: measure.seconds.slice(1) };
  });
}

async function measureOne(
  setting: Setting,
  project: string,
  provider: string,
  { enter, env }: Machine,
): Promise<[Times, PlainTimes | undefined]> {
  const place = { cwd: project, env, enter };
  const command = (...args: string[]) => timed(() => setting.mayfly(args, place));
  const flags = ['--keep-running', '--offline', '--provider', provider];
  let destroyed: number | undefined;
  try {
    const line = await timeToFirstLine(setting, project, flags, place);
    const status = await command('vm', 'status');
    const exec = await command('vm', 'exec', '--', 'true');
    const plain = provider === 'vagrant' ? await measurePlainVagrant(setting, enter ?? []) : undefined;
    destroyed = await command('vm', 'destroy');
    return [
      {
        'to the first line': line,
        'vm status': status,
        'vm exec -- true': exec,
        'vm destroy': destroyed,
      },
      plain,
    ];
  } finally {
    if (destroyed === undefined) await command('vm', 'destroy').catch(() => undefined);
  }
}

/** By hand, in the folder of the VM's Vagrantfile: a machine with the same box, disks and network. */
async function measurePlainVagrant(setting: Setting, enter: readonly string[]): Promise<PlainTimes> {
  const [vm] = await listVms(vmsFolder(setting.home));
  if (vm === undefined) throw new Error('there is no VM');
  const cwd = join(vm.folder, vmFiles.vagrant);
  const [program, ...words] = [...enter, cwd, 'vagrant'];
  const command = (...args: string[]) =>
    timed(() => run(program, [...words, ...args], { cwd, env: VAGRANT_ENVIRONMENT, signal: setting.signal }));
  const status = await command('status');
  const ssh = await command('ssh', '-c', 'true');
  const destroy = await command('destroy', '--force');
  const up = (await command('up', '--no-provision')) + (await command('ssh', '-c', 'true'));
  return { 'up and ssh -c true': up, status, 'ssh -c true': ssh, destroy };
}
