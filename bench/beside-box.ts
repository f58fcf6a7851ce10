/** A base box of the same packages from the same mirror: mayfly beside vmdb2, debos, and what both run inside. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allPackages } from '../src/basebox/recipe.js';
import { sourceLines } from '../src/basebox/rootfs.js';
import type { BuildPlan } from '../src/build/plan/plan-type.js';
import { CommandError } from '../src/process/command-error.js';
import { run, which, type RunOptions } from '../src/process/run.js';
import { removeTree } from '../src/process/scratch.js';
import {
  COMPRESS,
  debootstrapCommand,
  debosCommand,
  debosSpecification,
  otherFiles,
  parseLoops,
  vmdb2Command,
  vmdb2Reason,
  vmdb2Specification,
  type OtherBox,
} from './beside-tools.js';
import { makeProbe } from './probe.js';
import { bytesOf, ORIGINS, type Relay } from './relay.js';
import type { Comparison, SectionResult } from './result.js';
import { timed, type Setting } from './setting.js';
import { median } from './statistics.js';
import { requireProgram, requireRoot, Trials } from './trials.js';

/** Every run fetches all packages several times: two are enough to see whether they agree. */
const MOST_RUNS = 2;
const CREATE_MS = 15 * 60_000;

interface Made {
  readonly seconds: number;
  readonly fetched: number;
}

export async function measureBeside(setting: Setting): Promise<SectionResult> {
  const relay = await setting.relay();
  const urls = Object.fromEntries(ORIGINS.map((origin) => [origin, relay.url(origin)]));
  const project = await makeProbe(setting, ':', '512M', { urls });
  const { stdout } = await setting.mayfly(['plan', '--json'], { cwd: project, env: relay.env });
  const box = otherBox(JSON.parse(stdout) as BuildPlan, (origin) => relay.url(origin));

  const mayfly = new Trials<Made>(true);
  const others = [
    { name: 'debootstrap and apt-get in a chroot, no disk', trials: new Trials<Made>() },
    { name: 'vmdb2, nothing cached', trials: new Trials<Made>() },
    { name: 'vmdb2, its root file system kept', trials: new Trials<Made>() },
    { name: 'debos, a tar instead of a disk', trials: new Trials<Made>() },
  ] as const;
  const [debootstrap, vmdb2, vmdb2Kept, debos] = others;
  for (let run = 0; run < Math.min(setting.runs, MOST_RUNS); run += 1) {
    setting.say(`beside: mayfly box create in an empty home (${run + 1})`);
    await setting.freshHome();
    const create = (): Promise<unknown> =>
      setting.mayfly(['box', 'create', '--quiet'], { cwd: project, env: relay.env });
    await mayfly.run(() => counted(relay, create));

    setting.say(`beside: debootstrap and apt-get (${run + 1})`);
    await debootstrap.trials.run(() => inFolder(setting, (folder) => bootstrap(setting, relay, folder, box)));

    setting.say(`beside: vmdb2 (${run + 1})`);
    await inFolder(setting, async (folder) => {
      const make = () => makeByVmdb2(setting, relay, folder, box);
      await vmdb2.trials.run(make);
      await vmdb2Kept.trials.run(make);
    });

    setting.say(`beside: debos (${run + 1})`);
    await debos.trials.run(() => inFolder(setting, (folder) => makeByDebos(setting, relay, folder, box)));
  }
  const ours = mayfly.values;
  return {
    name: 'beside',
    measures: [
      mayfly.measure('mayfly box create, beside others', ({ seconds }) => seconds),
      ...others.map(({ name, trials }) => trials.measure(name, ({ seconds }) => seconds)),
    ],
    amounts: [
      mayfly.amount('mayfly box create, fetched from the mirrors', ({ fetched }) => fetched),
      ...others.map(({ name, trials }) => trials.amount(`${name}, fetched`, ({ fetched }) => fetched)),
    ],
    comparisons: others.flatMap(({ name, trials }): readonly Comparison[] =>
      trials.values.length === 0
        ? []
        : [
            {
              title: `${name} / mayfly box create`,
              value:
                median(trials.values.map(({ seconds }) => seconds)) /
                median(ours.map((made) => made.seconds)),
              unit: 'x',
              aim: 'none',
            },
          ],
    ),
    notes: [
      `The same ${box.packages.length} packages by name and what they need, without recommended ones; all by way of one relay.`,
      'debootstrap makes no disk, debos a compressed tar (its disks need udev), vmdb2 a disk without a boot loader: less than mayfly does.',
    ],
  };
}

/** @param urlOf origin → base URL */
export function otherBox({ box }: Pick<BuildPlan, 'box'>, urlOf: (origin: string) => string): OtherBox {
  const { spec } = box;
  const sources = spec.sources.map((source) => ({ ...source, url: urlOf(source.origin) }));
  const main = sources.find(({ origin }) => origin === 'debian');
  if (main === undefined) throw new Error('The base box has no source called debian.');
  return {
    suite: spec.distribution,
    architecture: spec.architecture,
    mirror: main.url,
    keyring: main.keyring,
    // The mirror's current state, as the others have no other.
    sources: sources.flatMap((source) => sourceLines({ ...source, serial: 'latest' })),
    packages: allPackages(spec),
  };
}

async function bootstrap(setting: Setting, relay: Relay, folder: string, box: OtherBox): Promise<Made> {
  requireRoot();
  requireProgram('debootstrap', folder);
  const [program, args] = debootstrapCommand(box);
  return await counted(relay, () => runThere(setting, folder, program, args));
}

async function makeByVmdb2(setting: Setting, relay: Relay, folder: string, box: OtherBox): Promise<Made> {
  requireRoot();
  requireProgram('vmdb2', folder);
  await writeFile(join(folder, otherFiles.specification), vmdb2Specification(box));
  for (const name of [otherFiles.disk, otherFiles.qcow2]) await rm(join(folder, name), { force: true });
  const [program, args] = vmdb2Command();
  const lines: string[] = [];
  try {
    return await counted(relay, async () => {
      await runThere(setting, folder, program, args, (line) => lines.push(line));
      await runThere(setting, folder, 'qemu-img', COMPRESS);
    });
  } catch (error) {
    // Its traces are longer than what is kept of a program's output.
    const reason = vmdb2Reason(lines);
    if (!(error instanceof CommandError) || error.failure.timedOut || reason === undefined) throw error;
    throw new CommandError({ ...error.failure, tail: [reason] });
  } finally {
    await letGoOf(folder);
  }
}

async function makeByDebos(setting: Setting, relay: Relay, folder: string, box: OtherBox): Promise<Made> {
  requireRoot();
  requireProgram('debos', folder);
  await writeFile(join(folder, otherFiles.specification), debosSpecification(box));
  const [program, args] = debosCommand();
  return await counted(relay, () => runThere(setting, folder, program, args));
}

async function runThere(
  setting: Setting,
  cwd: string,
  program: string,
  args: readonly string[],
  onLine?: RunOptions['onLine'],
): Promise<void> {
  const { signal } = setting;
  await run(program, args, { cwd, signal, timeoutMs: CREATE_MS, capture: false, ...(onLine && { onLine }) });
}

async function counted(relay: Relay, work: () => Promise<unknown>): Promise<Made> {
  relay.take();
  const seconds = await timed(work);
  return { seconds, fetched: bytesOf(relay.take()) };
}

async function inFolder<T>(setting: Setting, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(setting.folder, 'beside');
  await mkdir(folder, { mode: 0o755 });
  try {
    return await work(folder);
  } finally {
    await removeTree(folder);
  }
}

/** A tool that failed or was ended leaves its loop devices: each is found by the file that it stands for. */
async function letGoOf(folder: string): Promise<void> {
  const disk = join(folder, otherFiles.disk);
  if (which('losetup') === undefined) return;
  const query = ['--noheadings', '--output', 'NAME', '--associated', disk];
  const { stdout } = await run('losetup', query, { accept: [0, 1] });
  const loops = parseLoops(stdout);
  if (loops.length > 0 && which('kpartx') !== undefined) {
    await run('kpartx', ['-d', disk], { accept: [0, 1] });
  }
  for (const loop of parseLoops((await run('losetup', query, { accept: [0, 1] })).stdout)) {
    await run('losetup', ['--detach', loop], { accept: [0, 1] });
  }
}
