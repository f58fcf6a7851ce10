/** The same VM on each provider that works here: what people wait for, and plain Vagrant beside it. */
import { join } from 'node:path';
import { candidates } from '../src/build/plan/provider.js';
import { PROVIDERS } from '../src/config/providers.js';
import { vmsFolder, vmFiles } from '../src/paths.js';
import { providerOf } from '../src/vm/providers.js';
import { listVms } from '../src/vm/registry.js';
import { vagrant } from '../src/vm/vagrant/command.js';
import { repeatOnVmFailure } from './attempts.js';
import { timeToFirstLine, FIRST_LINE } from './first-line.js';
import { makeProbe } from './probe.js';
import type { Measure, SectionResult } from './result.js';
import { timed, type Setting } from './setting.js';

/** Bytes; the VM's, with its build in memory. */
const MEMORY = 1024 * 2 ** 20;

export async function measureProviders(setting: Setting): Promise<SectionResult> {
  const project = await makeProbe(setting, `echo '${FIRST_LINE}'\n: > empty.img`, '512M');
  setting.say('providers: making the base box unless it exists');
  await setting.mayfly(['box', 'create', '--quiet'], { cwd: project });
  const measures: Measure[] = [];
  const notes: string[] = [];
  for (const { name, connection } of PROVIDERS.flatMap((each) => candidates(each, ['qemu:///session']))) {
    const need = { connection, memoryBytes: MEMORY, signal: setting.signal };
    const support = await providerOf(name).supported(need);
    if (!support.supported) {
      notes.push(`${name} is not measured: ${support.reason}.`);
      continue;
    }
    const times = new Map<string, number[]>();
    const note = (what: string, seconds: number): void => {
      const title = `${name}: ${what}`;
      times.set(title, [...(times.get(title) ?? []), seconds]);
    };
    // The first makes the cache disk and brings the box to where it is used: it does not count.
    for (let run = 0; run <= setting.runs; run += 1) {
      setting.say(`providers: ${name} (${run})`);
      await repeatOnVmFailure(setting, `mayfly build on ${name}`, notes, () =>
        measureOne(setting, project, name, run === 0 ? () => undefined : note),
      );
    }
    measures.push(...[...times].map(([title, seconds]) => ({ title, seconds })));
  }
  return { name: 'providers', measures, comparisons: [], notes };
}

async function measureOne(
  setting: Setting,
  project: string,
  provider: string,
  note: (what: string, seconds: number) => void,
): Promise<void> {
  const command = (...args: string[]) => timed(() => setting.mayfly(args, { cwd: project }));
  try {
    note(
      'to the first line',
      await timeToFirstLine(setting, project, ['--keep-running', '--provider', provider]),
    );
    note('vm status', await command('vm', 'status'));
    note('vm exec -- true', await command('vm', 'exec', '--', 'true'));
    if (provider === 'vagrant') await measurePlainVagrant(setting, note);
  } finally {
    note('vm destroy', await command('vm', 'destroy'));
  }
}

/** By hand, in the folder of the VM's Vagrantfile: a machine with the same box, disks and network. */
async function measurePlainVagrant(
  setting: Setting,
  note: (what: string, seconds: number) => void,
): Promise<void> {
  const [vm] = await listVms(vmsFolder(setting.home));
  if (vm === undefined) throw new Error('there is no VM');
  const options = { cwd: join(vm.folder, vmFiles.vagrant), signal: setting.signal };
  const command = (...args: string[]) => timed(() => vagrant(args, options));
  note('plain vagrant status', await command('status'));
  note('plain vagrant ssh -c true', await command('ssh', '-c', 'true'));
  note('plain vagrant destroy', await command('destroy', '--force'));
  const up = await command('up', '--no-provision');
  note('plain vagrant up and ssh -c true', up + (await command('ssh', '-c', 'true')));
}
