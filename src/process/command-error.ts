/** The error of a failed program, and the only place that words it. */
import { MayflyError } from '../errors.js';

export interface CommandFailure {
  readonly command: readonly string[];
  readonly cwd: string;
  /** Undefined when the program was killed or never ran. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  readonly notFound: boolean;
  /** The last lines it wrote to stderr (to stdout, when stderr was empty). */
  readonly tail: readonly string[];
  readonly durationMs: number;
  readonly cause?: unknown;
}

/** Debian package that brings a program, where its name differs from the program's. */
const PACKAGES: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  scp: 'openssh-client',
  newuidmap: 'uidmap',
  flock: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  virsh: 'libvirt-clients',
  xz: 'xz-utils',
};

export function packageOf(program: string): string {
  return PACKAGES[program] ?? program;
}

export class CommandError extends MayflyError {
  override readonly name = 'CommandError';

  constructor(readonly failure: CommandFailure) {
    super('host', failure.notFound ? 'command.not-found' : 'command.failed', describe(failure), {
      hint: hintFor(failure),
      details: failure.tail,
      cause: failure.cause,
    });
  }
}

/** The error of a program that the host does not have. */
export function notInstalled(command: readonly string[], cwd: string): CommandError {
  return new CommandError({
    command,
    cwd,
    exitCode: undefined,
    signal: undefined,
    timedOut: false,
    notFound: true,
    tail: [],
    durationMs: 0,
  });
}

function describe(failure: CommandFailure): string {
  const program = failure.command[0] ?? '(nothing)';
  if (failure.notFound) return `The program ${program} is not installed.`;
  const seconds = (failure.durationMs / 1000).toFixed(1);
  const where = `in ${failure.cwd}`;
  const whole = quoteCommand(failure.command);
  if (failure.timedOut)
    return `${program} did not finish within ${seconds} s and was stopped ${where}: ${whole}`;
  if (failure.signal !== undefined)
    return `${program} was killed by ${failure.signal} after ${seconds} s ${where}: ${whole}`;
  return `${program} failed with exit code ${failure.exitCode ?? '(none)'} after ${seconds} s ${where}: ${whole}`;
}

function hintFor(failure: CommandFailure): string | undefined {
  if (!failure.notFound) return undefined;
  return `Install it: sudo apt-get install ${packageOf(failure.command[0] ?? '')}. \`mayfly doctor\` lists everything that is missing.`;
}

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One word as a POSIX shell reads it back. */
export function quoteWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** An argument vector as a person could type it. */
export function quoteCommand(command: readonly string[]): string {
  return command.map(quoteWord).join(' ');
}
