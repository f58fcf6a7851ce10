/** `mayfly plan` */
import type { Command } from 'commander';
import type { BuildPlan } from '../build/plan/plan.js';
import { formatMemory, formatSeconds } from '../report/format.js';
import { sanitizeLine } from '../report/sanitize.js';
import { addBuildOptionFlags } from './build-options.js';
import { addTimeoutFlag } from './build.js';
import {
  addArtifactsFlag,
  addGlobalFlags,
  addProviderFlag,
  addSnapshotsFlag,
  parseProvider,
  parseTimeout,
  printJson,
  printWrapped,
  table,
} from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';
import { withoutPasswords } from '../config/proxy.js';

interface PlanFlags extends GlobalOptions {
  readonly artifacts?: string;
  readonly timeout?: string;
  readonly provider?: string;
  readonly snapshots?: string;
}

export function registerPlan(program: Command): void {
  const command = program
    .command('plan')
    .summary('say what a build would do, and start none')
    .description(
      'Says what `mayfly build` would do here with the same options: commit, base box, VM, environment of the scripts. ' +
        'It starts no build, and changes nothing: neither in the checkout nor in the folders of mayfly.',
    );
  addArtifactsFlag(command);
  addTimeoutFlag(command);
  addProviderFlag(command);
  addSnapshotsFlag(command);
  addGlobalFlags(command, 'Print the whole plan as JSON.');
  addBuildOptionFlags(command);
  addExamples(
    command,
    ['mayfly plan', 'see what would be built, and where'],
    ['mayfly plan --json | jq .environment', 'see what the scripts are told'],
  );
  command.action(async (flags: PlanFlags) => {
    const [{ makePlan }, { makeScratch, publicScratchParent }] = await Promise.all([
      import('../build/plan/plan.js'),
      import('../process/scratch.js'),
    ]);
    using session = openSession(flags, false);
    // Not below our own folders: a plan does not make them.
    await using scratch = await makeScratch(publicScratchParent(session.context.env), 0o700);
    const plan = await makePlan(session.context, {
      flags: { ...flags },
      artifacts: flags.artifacts,
      provider: parseProvider(flags.provider),
      snapshots: flags.snapshots,
      timeoutSeconds: parseTimeout(flags.timeout, '--timeout'),
      scratch: scratch.path,
      tryProvider: true,
      checkStates: true,
    });
    const shown = withoutPasswords(plan);
    if (flags.json === true) printJson(shown);
    else for (const line of planLines(shown, flags.quiet)) printWrapped(sanitizeLine(line));
  });
}

/** What the VM reaches. */
const NETWORKS: Readonly<Record<BuildPlan['vm']['network'], string>> = {
  archive: 'the archive and a configured proxy only',
  open: 'all that this host reaches',
  none: 'nothing',
};

function stateOf({ origin, box, image }: BuildPlan['archive']['origins'][number]): string {
  const isSame = box.serial === image.serial && box.missing === image.missing;
  const notes = [
    ...(image.missing === undefined ? [] : [NOT_STORED]),
    ...(isSame ? [] : [`base box: ${box.serial}${box.missing === undefined ? '' : `, ${NOT_STORED}`}`]),
  ];
  return `${origin} ${image.serial}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}

const NOT_STORED = 'not stored here';

/** Where its states come from, in a project whose origins come from several places. */
function urlsOf({ origin, urls }: BuildPlan['archive']['origins'][number]): readonly string[] {
  if (urls === undefined) return [];
  const known = [...new Set([urls.image, urls.box])].filter((url) => url !== undefined);
  return [`${origin} from ${known.length === 0 ? 'a state that is not known yet' : known.join(' and ')}`];
}

/** The plan in words. Pure. @param quiet warnings only */
export function planLines(plan: BuildPlan, quiet = false): readonly string[] {
  const warnings = plan.warnings.map((warning) => `warning: ${warning}`);
  if (quiet) return warnings;
  const { source, box, vm, scripts } = plan;
  const options = Object.entries(plan.optionOrigins)
    .filter(([, origin]) => origin !== 'default')
    .map(
      ([name, origin]) =>
        `  ${name} = ${String(plan.options[name as keyof typeof plan.options])} (${origin})`,
    );
  const merged = source.merged
    ? ` (${source.featureCommit.slice(0, 12)} merged with ${source.base?.name ?? ''} ${source.base?.commit.slice(0, 12) ?? ''})`
    : '';
  const profile = plan.project.profile === 'tails' ? ` (Tails-style: ${plan.project.builderFolder}/)` : '';
  const limit =
    scripts.timeoutSeconds === undefined ? '' : ` (at most ${formatSeconds(scripts.timeoutSeconds)})`;
  const rows = [
    ['project', `${plan.project.name} in ${plan.project.checkout}${profile}`],
    ['source', `${source.ref.kind} ${source.ref.name} at ${source.commit.slice(0, 12)}${merged}`],
    ['base box', `${box.label} (${box.fingerprint.slice(0, 12)}), ${box.exists ? 'exists' : 'to be made'}`],
    [
      'VM',
      `${vm.provider}${vm.connection === undefined ? '' : ` at ${vm.connection}`}, ${vm.cpus} CPUs, ${formatMemory(vm.memoryBytes)}, ${vm.accelerator}: ${vm.acceleratorReason}`,
    ],
    [
      'build in',
      plan.ramKib === undefined ? 'disk of the VM' : `memory of the VM (${formatMemory(plan.ramKib * 1024)})`,
    ],
    ['snapshots', plan.archive.origins.map(stateOf).join(', ')],
    ...plan.archive.origins.flatMap(urlsOf).map((url, index) => [index === 0 ? 'upstream' : '', url]),
    ['network', NETWORKS[vm.network]],
    [
      'packages',
      plan.apt.proxy === undefined
        ? 'straight from the archive'
        : `through ${plan.apt.proxyInVm ? 'the proxy in the VM' : plan.apt.proxy}`,
    ],
    ['scripts', `${scripts.provision}, ${scripts.build}${limit}`],
    ['artifacts', `${plan.artifacts.patterns.join(' ')} to ${plan.artifacts.directory}`],
  ];
  return [
    ...table(rows),
    ...(options.length === 0 ? [] : ['options that are not the default:', ...options]),
    'environment of the scripts:',
    ...Object.entries(plan.environment).map(([name, value]) => `  ${name}=${value}`),
    ...warnings,
  ];
}
