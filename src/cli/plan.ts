/** `mayfly plan` */
import type { Command } from 'commander';
import type { BuildPlan } from '../build/plan/plan.js';
import { formatBytes } from '../report/format.js';
import { addBuildOptionFlags, addGlobalFlags, print, printJson, table } from './common.js';
import { openSession, type GlobalOptions } from './session.js';

export function registerPlan(program: Command): void {
  const command = program
    .command('plan')
    .summary('say what a build would do, and change nothing')
    .description(
      'Says what `mayfly build` would do here with the same options: commit, base box, VM, environment of the scripts.',
    )
    .option('--artifacts <DIR>', 'folder for the results');
  addGlobalFlags(command, 'print the whole plan as JSON');
  addBuildOptionFlags(command);
  command.addHelpText('after', '\nExamples:\n  mayfly plan\n  mayfly plan --json | jq .environment');
  command.action(async (flags: GlobalOptions & { artifacts?: string }) => {
    const [{ makePlan }, { makeScratch }, { scratchFolder }] = await Promise.all([
      import('../build/plan/plan.js'),
      import('../process/scratch.js'),
      import('../paths.js'),
    ]);
    using session = openSession(flags, false);
    await using scratch = await makeScratch(scratchFolder(session.context.home), 0o700);
    const plan = await makePlan(session.context, {
      flags: { ...flags },
      artifacts: flags.artifacts,
      scratch: scratch.path,
    });
    if (flags.json === true) printJson(plan);
    else for (const line of planLines(plan)) print(line);
  });
}

/** The plan in words. Pure. */
export function planLines(plan: BuildPlan): readonly string[] {
  const { source, box, vm } = plan;
  const options = Object.entries(plan.optionOrigins)
    .filter(([, origin]) => origin !== 'default')
    .map(
      ([name, origin]) =>
        `  ${name} = ${String(plan.options[name as keyof typeof plan.options])} (${origin})`,
    );
  const merged = source.merged
    ? ` (${source.featureCommit.slice(0, 12)} merged with ${source.base?.name ?? ''} ${source.base?.commit.slice(0, 12) ?? ''})`
    : '';
  const rows = [
    ['project', `${plan.project.name} in ${plan.project.checkout}`],
    ['source', `${source.ref.kind} ${source.ref.name} at ${source.commit.slice(0, 12)}${merged}`],
    ['base box', `${box.label} (${box.fingerprint.slice(0, 12)}), ${box.exists ? 'exists' : 'to be made'}`],
    [
      'VM',
      `${vm.provider}, ${vm.cpus} CPUs, ${formatBytes(vm.memoryBytes)}, ${vm.accelerator}: ${vm.acceleratorReason}`,
    ],
    [
      'build in',
      plan.ramKib === undefined ? 'disk of the VM' : `memory of the VM (${formatBytes(plan.ramKib * 1024)})`,
    ],
    [
      'packages',
      plan.apt.proxy === undefined
        ? 'straight from the archive'
        : `through ${plan.apt.proxyInVm ? 'the proxy in the VM' : plan.apt.proxy}`,
    ],
    ['scripts', `${plan.scripts.provision}, ${plan.scripts.build}`],
    ['artifacts', `${plan.artifacts.patterns.join(' ')} to ${plan.artifacts.directory}`],
  ];
  return [
    ...table(rows),
    ...(options.length === 0 ? [] : ['options that are not the default:', ...options]),
    'environment of the scripts:',
    ...Object.entries(plan.environment).map(([name, value]) => `  ${name}=${value}`),
    ...plan.warnings.map((warning) => `warning: ${warning}`),
  ];
}
