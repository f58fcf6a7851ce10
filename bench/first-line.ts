/** What people wait for at every build: from the command to the first line of the build script, in a fresh VM. */
import type { BuildPlan } from '../src/build/plan/plan-type.js';
import { repeatOnVmFailure } from './attempts.js';
import { makeProbe } from './probe.js';
import type { SectionResult } from './result.js';
import type { CommandOptions, Setting } from './setting.js';
import { median } from './statistics.js';
import { bootStock, makeStockKey, type StockBoot } from './stock-boot.js';
import { makeStockDisk, STOCK_PACKAGES } from './stock-disk.js';

export const FIRST_LINE = 'the first line of the build script';

export async function measureFirstLine(setting: Setting): Promise<SectionResult> {
  const project = await makeProbe(setting, `echo '${FIRST_LINE}'\n: > empty.img`, '512M');
  setting.say('first-line: making the base box unless it exists, and one build that does not count');
  await setting.mayfly(['box', 'create', '--quiet'], { cwd: project });
  // It makes the project's cache disk, which later builds find.
  await repeatOnVmFailure(setting, 'mayfly build', [], () => timeToFirstLine(setting, project));
  const { stdout } = await setting.mayfly(['plan', '--json'], { cwd: project });
  const plan = JSON.parse(stdout) as BuildPlan;
  setting.say('first-line: making a plain Debian to compare with');
  const stock = await makeStockDisk(setting, plan);
  await makeStockKey(stock, setting.signal);

  const mayfly: number[] = [];
  const boots: StockBoot[] = [];
  const repeated: string[] = [];
  for (let run = 0; run < setting.runs; run += 1) {
    setting.say(`first-line: mayfly build (${run + 1})`);
    const build = (): Promise<number> => timeToFirstLine(setting, project);
    mayfly.push(await repeatOnVmFailure(setting, 'mayfly build', repeated, build));
    setting.say(`first-line: plain Debian (${run + 1})`);
    const boot = (): Promise<StockBoot> => bootStock(stock, plan.vm, setting.signal);
    boots.push(await repeatOnVmFailure(setting, 'the plain Debian', repeated, boot));
  }
  const banner = boots.map((boot) => boot.banner);
  return {
    name: 'first-line',
    measures: [
      { title: 'mayfly build to the first line of the script', seconds: mayfly },
      { title: 'plain Debian to the SSH banner', seconds: banner },
      { title: 'plain Debian to the first command over SSH', seconds: boots.map((boot) => boot.command) },
    ],
    comparisons: [
      {
        title: 'first line of the script / banner of plain Debian',
        value: median(mayfly) / median(banner),
        unit: 'x',
        aim: 'most',
        limit: 0.7,
      },
    ],
    notes: [
      `Both VMs: ${plan.vm.cpus} CPUs, ${Math.round(plan.vm.memoryBytes / 2 ** 20)} MiB, ${plan.vm.accelerator}.`,
      `Plain Debian: ${plan.box.spec.distribution} with ${STOCK_PACKAGES.join(', ')}.`,
      ...repeated,
    ],
  };
}

/** Builds to the end. @returns seconds until the line arrived */
export async function timeToFirstLine(
  setting: Setting,
  project: string,
  flags: readonly string[] = [],
  options: Omit<CommandOptions, 'cwd'> = {},
): Promise<number> {
  let seconds: number | undefined;
  const started = performance.now();
  await setting.mayfly(['build', ...flags], {
    ...options,
    cwd: project,
    onLine: (line) => {
      if (line.includes(FIRST_LINE)) seconds ??= (performance.now() - started) / 1000;
    },
  });
  if (seconds === undefined) throw new Error('mayfly build ended without showing a line of the build script');
  return seconds;
}
