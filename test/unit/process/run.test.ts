import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CommandError } from '../../../src/process/command-error.js';
import { run, tied, which, type RunOptions } from '../../../src/process/run.js';
import { fakeProgram, onlyPath, setEnvironment } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';

const sh = (script: string, options: RunOptions = {}) => run('sh', ['-c', script], options);

async function failed(promise: Promise<unknown>): Promise<CommandError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CommandError) return error;
  throw new Error(`Expected a CommandError, got: ${String(error)}`);
}

describe('run', () => {
  it('gives both streams, whole, with their last newline', async () => {
    const result = await sh('echo out; echo err >&2');
    expect(result).toMatchObject({ stdout: 'out\n', stderr: 'err\n', exitCode: 0 });
    expect(result.durationMs).toBeGreaterThan(0);
  });

  it('hands over arguments as they are: no shell reads them', async () => {
    const words = ['a b', '$HOME', '', '*', "'", '--', 'ä\n'];
    const fake = await fakeProgram('fake-words', 'exit 0');
    await run('fake-words', words);
    expect(await fake.calls()).toEqual([words]);
  });

  it('gives no standard input unless there is some', async () => {
    expect((await run('cat', [])).stdout).toBe('');
    expect((await run('cat', [], { input: 'text' })).stdout).toBe('text');
    expect((await run('cat', [], { input: Buffer.from([0xc3, 0xa4]) })).stdout).toBe('ä');
  });

  it('is not troubled by a program that does not read its input', async () => {
    expect((await run('true', [], { input: 'x'.repeat(1_000_000) })).exitCode).toBe(0);
  });

  it('runs in the folder that it is told', async () => {
    const folder = await temporaryFolder();
    expect((await run('pwd', [], { cwd: folder })).stdout).toBe(`${folder}\n`);
  });

  it('tells of each line as it comes, from both streams', async () => {
    const lines: string[] = [];
    await sh('echo a; echo b >&2; printf c', {
      capture: false,
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    });
    expect(lines.sort()).toEqual(['stderr b', 'stdout a', 'stdout c']);
  });

  it('keeps nothing when the caller does not want the output', async () => {
    expect(await sh('echo a; echo b >&2', { capture: false })).toMatchObject({ stdout: '', stderr: '' });
  });

  it('sends the output to a file when told', async () => {
    const file = join(await temporaryFolder(), 'out');
    await sh('echo to the file; echo and this not >&2', { stdoutFile: file });
    expect(await readFile(file, 'utf8')).toBe('to the file\n');
  });

  it('takes exit codes that the caller names for answers', async () => {
    expect((await sh('exit 3', { accept: [0, 3] })).exitCode).toBe(3);
    expect((await failed(sh('exit 0', { accept: [3] }))).failure.exitCode).toBe(0);
  });
});

describe('a program that fails', () => {
  it('with an exit code says so, with the end of its stderr', async () => {
    const error = await failed(sh('for i in $(seq 30); do echo line $i >&2; done; exit 7', { cwd: '/' }));
    expect(error.message).toMatch(/^sh failed with exit code 7 after \d+\.\d s in \/: sh -c 'for i/);
    expect(error.details).toHaveLength(20);
    expect(error.details.at(-1)).toBe('line 30');
    expect(error.failure).toMatchObject({ exitCode: 7, signal: undefined, timedOut: false, notFound: false });
  });

  it('shows the end of its stdout when it said nothing on stderr', async () => {
    expect((await failed(sh('echo only here; exit 1'))).details).toEqual(['only here']);
  });

  it('killed from outside names the signal', async () => {
    const error = await failed(sh('kill -KILL $$'));
    expect(error.message).toMatch(/^sh was killed by SIGKILL after /);
    expect(error.failure).toMatchObject({ exitCode: undefined, signal: 'SIGKILL' });
  });

  it('that is not installed says so before anything runs', async () => {
    const error = await failed(run('no-such-program', ['x']));
    expect(error).toMatchObject({
      code: 'command.not-found',
      message: 'The program no-such-program is not installed.',
    });
    expect(error.hint).toContain('apt-get install no-such-program');
  });

  it('that exits with 127 is not taken for one that is not installed', async () => {
    expect((await failed(sh('exit 127'))).failure).toMatchObject({ exitCode: 127, notFound: false });
  });

  it('in a folder that does not exist says why', async () => {
    const error = await failed(run('true', [], { cwd: '/no/such/folder' }));
    expect(error.code).toBe('command.failed');
    expect(`${error.message} ${error.details.join(' ')}`).toContain('/no/such/folder');
  });

  it('for want of setpriv, on a system without it, names setpriv', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'lonely'), '#!/bin/sh\nexit 0\n');
    await chmod(join(folder, 'lonely'), 0o755);
    const error = await failed(run('lonely', [], { env: { PATH: folder } }));
    expect(`${error.message}\n${error.details.join('\n')}`).toContain('setpriv');
  });
});

describe('which', () => {
  it('finds programs of the system also when the person’s PATH lacks its folders', () => {
    onlyPath('/nowhere');
    // In a folder that only root has in PATH, and in the one package that every Debian has.
    expect(which('ldconfig')).toMatch(/\/sbin\/ldconfig$/);
  });

  it('takes the first on PATH, and never a file that may not run', async () => {
    const [first, second] = [await temporaryFolder(), await temporaryFolder()];
    await writeFile(join(first, 'tool'), '');
    await writeFile(join(second, 'tool'), '#!/bin/sh\n');
    await chmod(join(second, 'tool'), 0o755);
    setEnvironment({ PATH: `${first}:${second}` });
    expect(which('tool')).toBe(join(second, 'tool'));
  });

  it('takes a path as it is', () => {
    expect(which('/bin/sh')).toBe('/bin/sh');
    expect(which('/bin/no-such-shell')).toBeUndefined();
  });
});

describe('tied', () => {
  it('asks the kernel to end the program when we die', () => {
    expect(tied('/bin/x', ['-a', '--', 'b'], 'KILL')).toMatchInlineSnapshot(`
      [
        "setpriv",
        [
          "--pdeathsig",
          "KILL",
          "--",
          "/bin/x",
          "-a",
          "--",
          "b",
        ],
      ]
    `);
  });
});
