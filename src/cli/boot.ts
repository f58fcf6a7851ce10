/** `mayfly boot` */
import { Option, type Command } from 'commander';
import { parseSize } from '../config/units.js';
import { MayflyError } from '../errors.js';
import { sanitizeLine } from '../report/sanitize.js';
import { formatSeconds } from '../report/format.js';
import { addGlobalFlags, parseTimeout, print } from './common.js';
import { openSession, type GlobalOptions } from './session.js';

interface BootFlags extends GlobalOptions {
  readonly expect?: string;
  readonly timeout: string;
  readonly memory: string;
  readonly uefi?: boolean;
  readonly disk?: boolean;
}

export function registerBoot(program: Command): void {
  const command = program
    .command('boot')
    .summary('start an image in QEMU, and wait for a text on its serial console')
    .description(
      'Starts an image in QEMU. With --expect it prints the serial console, succeeds as soon as TEXT appears there, and ends ' +
        'the VM; without, the serial console is yours (Ctrl-A X ends it). The image is never written to.',
    )
    .argument('<image>', 'ISO or raw disk image')
    .option('--expect <TEXT>', 'wait for this text on the serial console')
    .addOption(new Option('--timeout <TIME>', 'how long to wait for it').default('10m'))
    .addOption(new Option('--memory <SIZE>', 'memory of the VM').default('1G'))
    .option('--uefi', 'boot by UEFI, not by the BIOS')
    .option('--disk', 'boot it as a disk (a USB stick), not as a CD');
  addGlobalFlags(command, undefined);
  command.addHelpText(
    'after',
    '\nExamples:\n  mayfly boot artifacts/example.iso\n  mayfly boot artifacts/example.iso --expect "login:" --timeout 5m\n  mayfly boot artifacts/example.iso --uefi --expect Welcome',
  );
  command.action(async (image: string, flags: BootFlags) => {
    const { bootImage } = await import('../tasks/boot-image.js');
    const memoryBytes = parseSize(flags.memory);
    if (memoryBytes === undefined) {
      throw new MayflyError(
        'usage',
        'usage.size',
        `--memory: expected a size such as 512M or 2G, found ${JSON.stringify(flags.memory)}.`,
      );
    }
    using session = openSession(flags, false);
    const show = (line: string): void => {
      if (flags.quiet !== true) print(`  | ${sanitizeLine(line)}`.trimEnd());
    };
    const seconds = await bootImage(
      session.context,
      {
        image,
        expect: flags.expect,
        timeoutSeconds: parseTimeout(flags.timeout, '--timeout'),
        memoryBytes,
        uefi: flags.uefi === true,
        asDisk: flags.disk === true,
      },
      show,
    );
    if (seconds !== undefined)
      print(`${JSON.stringify(flags.expect)} appeared after ${formatSeconds(seconds)}.`);
  });
}
