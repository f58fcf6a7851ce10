/** The command line: which commands there are, and how every error ends. */
import { readFileSync } from 'node:fs';
import { CommanderError, type Command } from 'commander';
import { firstError, hostError, MayflyError } from '../errors.js';
import { registerAll } from './commands.js';
import { table } from './common.js';
import { EXIT_CODES, exitCodeOf } from './exit.js';
import { helpWords } from './help-path.js';
import { addExamples, styleHelp } from './help.js';
import { PoliteCommand } from './polite-command.js';
import { errorLines } from './show-error.js';
import { outliveReaders } from './streams.js';
import { ownFile } from '../program.js';

/** The variables of the environment that people set. */
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['MAYFLY_BUILD_OPTIONS', 'build options, as words: "noram cpus=2"'],
  ['TAILS_BUILD_OPTIONS', 'the same, where that is empty; in every project'],
  ['APT_SNAPSHOTS_SERIALS', "serials of the image's packages, as JSON"],
  ['http_proxy', 'proxy for snapshots and for --proxy extproxy'],
  ['ARTIFACTS', 'folder for the artifacts'],
  ['MAYFLY_HOME', "one folder for all that mayfly stores (else XDG's)"],
  ['MAYFLY_TMPDIR', 'where base boxes are put together (else /var/tmp)'],
  ['MAYFLY_ACCELERATOR', 'kvm or tcg, where the choice made by itself is wrong'],
];

export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(ownFile('package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

export function makeProgram(): Command {
  const program = styleHelp(new PoliteCommand('mayfly'))
    .description(
      'Builds operating-system images reproducibly, each build in a virtual machine that lives for that build only.',
    )
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .enablePositionalOptions()
    .exitOverride();
  registerAll(program);
  program.addHelpText('after', [...exitCodes(), ...environment()].join('\n'));
  return addExamples(
    program,
    ['mayfly init my-image', 'make a project'],
    ['mayfly build', 'build the project in this folder'],
    ['mayfly boot artifacts/my-image.iso', 'start the image in QEMU'],
  );
}

function exitCodes(): readonly string[] {
  const lines = EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return ['', 'Exit codes:', ...lines];
}

function environment(): readonly string[] {
  const lines = table(ENVIRONMENT).map((line) => `  ${line}`);
  return ['', 'Environment:', ...lines];
}

/** Runs the command that the arguments name. Sets the exit code; never throws. */
export async function main(argv: readonly string[] = process.argv): Promise<void> {
  // Folders that a guest reads must not depend on the person's umask; private ones say so themselves.
  process.umask(0o022);
  outliveReaders();
  try {
    const program = makeProgram();
    const words = argv.slice(2);
    await program.parseAsync([...(helpWords(program, words) ?? words)], { from: 'user' });
  } catch (thrown) {
    const error = firstError(thrown);
    if (error instanceof CommanderError) {
      // Help and version were asked for and given; help that nobody asked for is wrong usage.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const known = await inWordsOfProject(hostError(error) ?? error);
    process.exitCode = exitCodeOf(known);
    for (const line of errorLines(known)) process.stderr.write(`${line}\n`);
  }
}

async function inWordsOfProject(error: unknown): Promise<unknown> {
  if (!(error instanceof MayflyError) || error.hint === undefined) return error;
  let cwd: string;
  try {
    cwd = process.cwd();
  } catch {
    // The folder is gone: what went wrong first is what matters.
    return error;
  }
  const { inProjectWords } = await import('../build/plan/project-words.js');
  return await inProjectWords(error, cwd);
}
