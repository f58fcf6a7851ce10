/** `mayfly build` */
import type { Command } from 'commander';
import type { BuildResult } from '../build/build.js';
import { addBootTimeoutFlag, addBuildOptionFlags, addTimeFlag, parseBootTimeout } from './build-options.js';
import {
  addArtifactsFlag,
  addGlobalFlags,
  addProviderFlag,
  addSnapshotsFlag,
  parseProvider,
  parseTimeout,
  print,
} from './common.js';
import { addExamples } from './help.js';
import { openJunit } from './junit.js';
import { packageVersion } from './main.js';
import { openSession, type GlobalOptions } from './session.js';

interface BuildFlags extends GlobalOptions {
  readonly artifacts?: string;
  readonly timeout?: string;
  readonly provider?: string;
  readonly snapshots?: string;
  readonly bootTimeout?: string;
  readonly junit?: string;
}

/** How much time the build script has; `plan` has the same. */
export function addTimeoutFlag(command: Command): Command {
  const meaning = 'How long the build script may run, such as 90m. Default: build.timeout in builder.yaml.';
  return addTimeFlag(command, '--timeout', meaning);
}

export function registerBuild(program: Command): void {
  const command = program
    .command('build')
    .summary('build the image of this project, in a fresh VM')
    .description(
      'Builds the project that the current folder belongs to: makes the base box unless it exists, starts a fresh ' +
        'VM from it, provisions it, runs the build script at the exact commit, fetches the artifacts, and destroys the VM.',
    );
  addArtifactsFlag(command);
  addTimeoutFlag(command);
  addProviderFlag(command);
  addSnapshotsFlag(command);
  addBootTimeoutFlag(command);
  command.option('--junit <FILE>', 'Write steps and artifacts as JUnit XML, for CI systems.');
  addGlobalFlags(command, 'Print events as JSON, one a line.');
  addBuildOptionFlags(command);
  command.addHelpText(
    'after',
    `
Build options come from the command line, then from MAYFLY_BUILD_OPTIONS (or,
where that is empty, TAILS_BUILD_OPTIONS), then from options: in builder.yaml.
APT_SNAPSHOTS_SERIALS and http_proxy count too: see \`mayfly --help\`.`,
  );
  addExamples(
    command,
    ['mayfly build', 'build HEAD of this checkout'],
    ['mayfly build --keep-running', 'keep the VM for the next build'],
    ['mayfly build --rescue', 'keep the VM after a failure too'],
    ['mayfly build --junit mayfly.xml', 'tell a CI system of each step'],
    ['mayfly build --cpus 1 --date-offset +30', 'vary the environment'],
  );
  command.action(async (flags: BuildFlags) => {
    const { build } = await import('../build/build.js');
    using session = openSession(flags, true);
    await using junit = await openJunit(flags.junit, session.context);
    let result: BuildResult;
    try {
      result = await build(junit.context, {
        flags: { ...flags },
        artifacts: flags.artifacts,
        ownFiles: junit.files,
        provider: parseProvider(flags.provider),
        snapshots: flags.snapshots,
        timeoutSeconds: parseTimeout(flags.timeout, '--timeout'),
        bootTimeoutMs: parseBootTimeout(flags.bootTimeout),
        version: packageVersion(),
      });
    } catch (error) {
      junit.tell(error);
      throw error;
    }
    if (flags.json === true) return;
    for (const { name } of result.artifacts) print(`${result.artifactsDirectory}/${name}`);
  });
}
