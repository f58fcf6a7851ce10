import { describe, expect, it } from 'vitest';
import { completionScript } from '../../../src/cli/completion.js';
import { makeProgram } from '../../../src/cli/main.js';
import { quoteCommand } from '../../../src/process/command-error.js';
import { run, which } from '../../../src/process/run.js';
import { mayfly } from './program.js';

const BASH = completionScript(makeProgram(), 'bash');

/** What bash offers for a command line; the last word is the one that is typed. */
async function complete(...words: readonly string[]): Promise<readonly string[]> {
  const script = `${BASH}
COMP_WORDS=(${quoteCommand(words)}); COMP_CWORD=${words.length - 1}
_mayfly; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run('bash', ['-c', script], { cwd: '/proc/self/fdinfo' });
  return stdout.split('\n').filter((word) => word !== '');
}

describe('in bash', () => {
  it.each([
    [['mayfly', 'bu'], ['build']],
    [
      ['mayfly', 'c'],
      ['cache', 'clean', 'completion'],
    ],
    [
      ['mayfly', 'box', ''],
      ['create', 'list', 'show', 'clean', '--help'],
    ],
    [['mayfly', 'vm', 'ha'], ['halt']],
    [['mayfly', 'build', '--keep'], ['--keep-running']],
    [['mayfly', 'build', '--rescue', '--no-r'], ['--no-ram']],
    [['mayfly', '--ver'], ['--version']],
    [['mayfly', 'vm', 'list', '--js'], ['--json']],
  ])('%j gives %j', async (words, offered) => {
    expect(await complete(...words)).toEqual(offered);
  });

  it('offers files where there is no better word', async () => {
    const { stdout } = await run('ls', ['/proc/self/fdinfo']);
    expect(await complete('mayfly', 'boot', '')).toContain('--expect');
    expect(stdout).toContain('0');
    expect(await complete('mayfly', 'boot', '0')).toEqual(['0']);
  });
});

it.each(['bash', 'zsh', 'fish'])('`mayfly completion %s` names every command', async (shell) => {
  const { exitCode, stdout } = await mayfly('completion', shell);
  expect(exitCode).toBe(0);
  expect(stdout).toBe(`${completionScript(makeProgram(), shell)}\n`);
  for (const name of ['init', 'build', 'plan', 'boot', 'artifacts', 'vm', 'box', 'cache', 'clean', 'doctor'])
    expect(stdout).toContain(name);
  if (shell !== 'fish') expect((await run('bash', ['-n'], { input: stdout })).stderr).toBe('');
  if ((await which(shell)) !== undefined) await run(shell, ['-n'], { input: stdout });
});

it('zsh has no mapfile', () => {
  expect(completionScript(makeProgram(), 'zsh')).not.toContain('mapfile');
});

it('fish offers a subcommand after its own command only', () => {
  const lines = completionScript(makeProgram(), 'fish').split('\n');
  expect(lines).toContain("complete -c mayfly -n '__fish_use_subcommand' -f -a build");
  expect(lines).toContain("complete -c mayfly -n '__fish_seen_subcommand_from box' -f -a create");
  expect(lines).toContain("complete -c mayfly -n '__fish_seen_subcommand_from build' -l keep-running");
});
