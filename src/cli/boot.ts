/** `mayfly boot` */
import { Option, type Command } from 'commander';
import { parseSize } from '../config/units.js';
import { MayflyError } from '../errors.js';
import { sanitizeLine } from '../report/sanitize.js';
import { formatSeconds } from '../report/format.js';
import { addGlobalFlags, parseTimeout, print, printJson } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

interface BootFlags extends GlobalOptions {
  readonly expect?: string;
  readonly timeout: string;
  readonly memory: string;
  readonly uefi?: boolean;
  readonly disk?: boolean;
}

/** How a boot may fail, for `--json`; one that does not is `appeared`. */
const OUTCOME_OF: Readonly<Record<string, string>> = {
  'boot.timeout': 'timeout',
  'boot.unexpected-end': 'ended',
};

export function registerBoot(program: Command): void {
  const command = program
    .command('boot')
    .summary('start an image in QEMU, and wait for a text')
    .description(
      'Starts an image in QEMU. With --expect it prints the serial console, succeeds as soon as TEXT appears there, and ends ' +
        'the VM; without, the serial console is yours (Ctrl-A X ends it). The image is never written to.',
    )
    .argument('<image>', 'ISO or raw disk image.')
    .option('--expect <TEXT>', 'Wait for this text on the serial console.')
    .addOption(new Option('--timeout <TIME>', 'How long to wait for it.').default('10m'))
    .addOption(new Option('--memory <SIZE>', 'Memory of the VM, in MiB or GiB: 512M, 2G.').default('1G'))
    .option('--uefi', 'Boot by UEFI, not by the BIOS.')
    .option('--disk', 'Boot it as a disk (a USB stick), not as a CD.');
  addGlobalFlags(command, 'Print outcome and seconds as JSON, the console on stderr; needs --expect.');
  addExamples(
    command,
    ['mayfly boot image.iso', 'use its serial console'],
    ['mayfly boot image.iso --expect login: --timeout 5m', 'test that it boots'],
    ['mayfly boot image.iso --uefi --expect Welcome', 'test it with UEFI'],
  );
  command.action(boot);
}

async function boot(image: string, flags: BootFlags): Promise<void> {
  const { expect } = flags;
  const timeoutSeconds = parseTimeout(flags.timeout, '--timeout') ?? 0;
  const memoryBytes = memoryOf(flags.memory);
  const json = flags.json === true;
  if (json && expect === undefined) {
    throw new MayflyError('usage', 'usage.boot', '--json needs --expect: without, the console is yours.');
  }
  const { bootImage } = await import('../tasks/boot-image.js');
  using session = openSession(flags, false);
  const show = (line: string): void => {
    if (flags.quiet === true) return;
    const text = `  | ${sanitizeLine(line)}`.trimEnd();
    if (json) process.stderr.write(`${text}\n`);
    else print(text);
  };
  const started = performance.now();
  try {
    const seconds = await bootImage(
      session.context,
      {
        image,
        expect,
        timeoutSeconds,
        memoryBytes,
        uefi: flags.uefi === true,
        asDisk: flags.disk === true,
      },
      show,
    );
    if (seconds === undefined) return;
    if (json) printJson({ outcome: 'appeared', seconds: rounded(seconds) });
    else print(`${JSON.stringify(expect)} appeared after ${formatSeconds(seconds)}.`);
  } catch (error) {
    const outcome = error instanceof MayflyError ? OUTCOME_OF[error.code] : undefined;
    if (json && outcome !== undefined)
      printJson({ outcome, seconds: rounded((performance.now() - started) / 1000) });
    throw error;
  }
}

function memoryOf(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new MayflyError(
    'usage',
    'usage.size',
    `--memory: expected a size such as 512M or 2G, found ${JSON.stringify(text)}.`,
  );
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
