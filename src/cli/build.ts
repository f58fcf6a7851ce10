/** `mayfly build` */
import type { Command } from 'commander';
import { addBuildOptionFlags, addGlobalFlags, parseTimeout, print } from './common.js';
import { packageVersion } from './main.js';
import { openSession, type GlobalOptions } from './session.js';

interface BuildFlags extends GlobalOptions {
  readonly artifacts?: string;
  readonly timeout?: string;
  readonly bootTimeout?: string;
}

export function registerBuild(program: Command): void {
  const command = program
    .command('build')
    .summary('build the image of this project, in a fresh VM')
    .description(
      'Builds the project that the current folder belongs to: makes the base box unless it exists, starts a fresh ' +
        'VM from it, provisions it, runs the build script at the exact commit, fetches the artifacts, and destroys the VM.',
    )
    .option('--artifacts <DIR>', 'folder for the results (also ARTIFACTS; default: artifacts.directory)')
    .option('--timeout <TIME>', 'how long the build script may run, such as 90m (default: build.timeout)')
    .option('--boot-timeout <TIME>', 'how long the VM may take to boot (default: 2m, 10m under emulation)');
  addGlobalFlags(command, 'print events as JSON, one a line');
  addBuildOptionFlags(command);
  command.addHelpText(
    'after',
    `
Options come from the command line, then MAYFLY_BUILD_OPTIONS, then options: in
builder.yaml.

Examples:
  mayfly build                              build HEAD of this checkout
  mayfly build --keep-running               keep the VM for the next build of this branch
  mayfly build --rescue; mayfly vm ssh      look inside after a failure
  mayfly build --cpus 1 --date-offset +30   vary the environment
  MAYFLY_BUILD_OPTIONS="noram offline" mayfly build`,
  );
  command.action(async (flags: BuildFlags) => {
    const { build } = await import('../build/build.js');
    using session = openSession(flags, true);
    const result = await build(session.context, {
      flags: { ...flags },
      artifacts: flags.artifacts,
      timeoutSeconds: flags.timeout === undefined ? undefined : parseTimeout(flags.timeout, '--timeout'),
      bootTimeoutMs:
        flags.bootTimeout === undefined
          ? undefined
          : parseTimeout(flags.bootTimeout, '--boot-timeout') * 1000,
      version: packageVersion(),
    });
    if (flags.json === true) return;
    for (const { name } of result.artifacts) print(`${result.artifactsDirectory}/${name}`);
  });
}
