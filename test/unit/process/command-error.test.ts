import { describe, expect, it } from 'vitest';
import {
  CommandError,
  packageOf,
  quoteCommand,
  quoteWord,
  type CommandFailure,
} from '../../../src/process/command-error.js';
import { run } from '../../../src/process/run.js';

const FAILURE: CommandFailure = {
  command: ['qemu-img', 'create', 'a disk.qcow2'],
  cwd: '/work',
  exitCode: undefined,
  signal: undefined,
  timedOut: false,
  notFound: false,
  tail: [],
  durationMs: 1234,
};

describe('CommandError', () => {
  it.each([
    [{ notFound: true }, 'The program qemu-img is not installed.'],
    [
      { exitCode: 1 },
      "qemu-img failed with exit code 1 after 1.2 s in /work: qemu-img create 'a disk.qcow2'",
    ],
    [
      { signal: 'SIGKILL' },
      "qemu-img was killed by SIGKILL after 1.2 s in /work: qemu-img create 'a disk.qcow2'",
    ],
    [
      { timedOut: true, signal: 'SIGTERM' },
      "qemu-img did not finish within 1.2 s and was stopped in /work: qemu-img create 'a disk.qcow2'",
    ],
    [{}, "qemu-img failed with exit code (none) after 1.2 s in /work: qemu-img create 'a disk.qcow2'"],
  ])('words %j', (change, message) => {
    expect(new CommandError({ ...FAILURE, ...change }).message).toBe(message);
  });

  it('is of kind host, and carries the end of what the program said', () => {
    const error = new CommandError({ ...FAILURE, exitCode: 1, tail: ['No space left on device'] });
    expect(error).toMatchObject({
      name: 'CommandError',
      kind: 'host',
      code: 'command.failed',
      details: ['No space left on device'],
      hint: undefined,
    });
  });

  it('names the package to install when the program is missing', () => {
    const error = new CommandError({ ...FAILURE, notFound: true });
    expect(error.code).toBe('command.not-found');
    expect(error.hint).toContain('sudo apt-get install qemu-utils');
    expect(error.hint).toContain('mayfly doctor');
  });

  it('knows packages whose name is not the program’s', () => {
    expect(['ssh', 'ssh-keygen', 'setpriv', 'mmdebstrap'].map(packageOf)).toEqual([
      'openssh-client',
      'openssh-client',
      'util-linux',
      'mmdebstrap',
    ]);
  });
});

describe('quoting', () => {
  it.each([
    ['plain-1.2_3@x:y,z+/%=', 'plain-1.2_3@x:y,z+/%='],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", `'it'\\''s'`],
    ['$HOME', "'$HOME'"],
    ['~', "'~'"],
    ['*', "'*'"],
    ['a\nb', "'a\nb'"],
    ['ä', "'ä'"],
  ])('quotes %j as %s', (word, quoted) => {
    expect(quoteWord(word)).toBe(quoted);
  });

  it('is read back by a shell as it was', async () => {
    const words = [
      '',
      'a b',
      "it's",
      '$HOME `id` $(id)',
      '*',
      '~',
      '\\',
      '"',
      'a\nb',
      '-n',
      '!',
      '#x',
      'a=b;c&d|e',
    ];
    const script = `printf '%s\\0' ${quoteCommand(words)}`;
    expect((await run('sh', ['-c', script])).stdout.split('\0').slice(0, -1)).toEqual(words);
  });
});
