/** The command line: which commands there are, and how every error ends. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { registerAll } from './commands.js';
import { EXIT_CODES, exitCodeOf } from './exit.js';
import { errorLines } from './show-error.js';

export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

export function makeProgram(): Command {
  const program = new Command('mayfly')
    .description(
      'Builds operating-system images reproducibly, each build in a virtual machine that lives for that build only.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help; `mayfly COMMAND --help` for one command')
    .showSuggestionAfterError()
    .configureHelp({
      sortSubcommands: false,
      helpWidth: Math.min(process.stdout.isTTY ? process.stdout.columns : 80, 100),
    })
    .enablePositionalOptions()
    .exitOverride();
  registerAll(program);
  program.addHelpText('after', () =>
    [
      '',
      'Exit codes:',
      ...EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`),
      '',
      'Environment:',
      '  MAYFLY_BUILD_OPTIONS  build options, as words: "noram cpus=2"',
      '  ARTIFACTS             folder for the results',
      "  MAYFLY_HOME           one folder for all that mayfly stores (else XDG's)",
      '  MAYFLY_ACCELERATOR    kvm or tcg, where the choice made by itself is wrong',
      '',
      'Examples:',
      '  mayfly init example --template live   make a project',
      '  mayfly build                          build the project in this folder',
      '  mayfly boot artifacts/example.iso     start the result in QEMU',
    ].join('\n'),
  );
  return program;
}

/** Runs the command that the arguments name. Sets the exit code; never throws. */
export async function main(argv: readonly string[] = process.argv): Promise<void> {
  // Folders that a guest reads must not depend on the person's umask; private ones say so themselves.
  process.umask(0o022);
  try {
    await makeProgram().parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version were asked for and given; everything else is wrong usage.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.exitCode = exitCodeOf(error);
    for (const line of errorLines(error)) process.stderr.write(`${line}\n`);
  }
}
