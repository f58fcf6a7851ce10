/** `mayfly doctor` */
import type { Command } from 'commander';
import { stdoutColors as pc } from '../report/colors.js';
import { sanitizeLine } from '../report/sanitize.js';
import type { Finding } from '../tasks/finding.js';
import { MayflyError } from '../errors.js';
import { addGlobalFlags, print, printAsIs, printJson, printWrapped, table } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export function registerDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('say what this host has and lacks')
    .description(
      'Checks everything that a build needs of this host, and prints the one command that installs what is missing. Exit code 3 when something is.',
    );
  addGlobalFlags(command, 'Print all of it as JSON.');
  addExamples(
    command,
    ['mayfly doctor', 'see what to install before the first build'],
    ['mayfly doctor --verbose', 'see also what each thing is for'],
  );
  command.action(async (flags: GlobalOptions) => {
    const { examineHost, installCommand } = await import('../tasks/doctor.js');
    using session = openSession(flags, false);
    const findings = await examineHost(session.context);
    const mend = installCommand(findings, process.getuid?.() === 0);
    if (flags.json === true) printJson({ findings, ...(mend === undefined ? {} : { install: mend }) });
    else printFindings(findings, flags.verbose === true);
    const missing = findings.filter(({ state }) => state === 'missing');
    if (missing.length > 0) {
      throw new MayflyError(
        'host',
        'host.incomplete',
        `This host lacks ${missing.map(({ name }) => name).join(', ')}.`,
        {
          hint: mend === undefined ? 'See the hints above.' : `Run: ${mend}`,
        },
      );
    }
    if (flags.json !== true) print('This host can build.');
  });
}

function printFindings(findings: readonly Finding[], verbose: boolean): void {
  const marks = {
    ok: pc.green('ok      '),
    warning: pc.yellow('warning '),
    missing: pc.red('missing '),
    optional: pc.dim('optional'),
  };
  const rows = table(
    findings.map(({ name, found, purpose }) => [name, verbose ? `${found} (${purpose})` : found]),
  );
  for (const [index, { state, hint }] of findings.entries()) {
    printWrapped(`${marks[state]}  ${rows[index] ?? ''}`);
    // A command is to be copied as one line.
    if (hint !== undefined) printAsIs(`          ${sanitizeLine(hint)}`);
  }
}
