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
      ['create', 'list', 'show', 'remove', 'clean', 'export', 'publish', 'import', '--help', '-h'],
    ],
    [['mayfly', 'vm', 'ha'], ['halt']],
    [['mayfly', 'build', '--keep'], ['--keep-running']],
    [['mayfly', 'build', '--rescue', '--no-r'], ['--no-ram']],
    [['mayfly', '--ver'], ['--version']],
    [['mayfly', 'vm', 'list', '--js'], ['--json']],
    // The value of a flag, and an argument, lead nowhere.
    [['mayfly', 'build', '--cpus', '4', '--k'], ['--keep-running']],
    [['mayfly', 'build', '--artifacts', 'box', '--k'], ['--keep-running']],
    [['mayfly', 'boot', 'x.iso', '--e'], ['--expect']],
    [['mayfly', 'init', 'build', '--temp'], ['--template']],
    [['mayfly', 'init', '-t', 'live', 'x', '--js'], ['--json']],
    [['mayfly', 'vm', 'exec', '--vm', 'list', '--ro'], ['--root']],
    // Choices of flags and arguments.
    [
      ['mayfly', 'init', '--template', 'l'],
      ['live', 'live-build'],
    ],
    [['mayfly', 'init', 'x', '-t', 'm'], ['minimal']],
    [
      ['mayfly', 'build', '--proxy', 'v'],
      ['vmproxy', 'vmproxy+extproxy'],
    ],
    [['mayfly', 'completion', 'z'], ['zsh']],
    // bash takes --flag=value for three words.
    [['mayfly', 'plan', '--proxy', '=', 'no'], ['noproxy']],
    [
      ['mayfly', 'init', '--template', '='],
      ['live', 'live-build', 'minimal'],
    ],
    [['mayfly', 'build', '--cpus', '=', '4', '--k'], ['--keep-running']],
  ])('%j gives %j', async (words, offered) => {
    expect(await complete(...words)).toEqual(offered);
  });

  it('offers files where there is no better word', async () => {
    const { stdout } = await run('ls', ['/proc/self/fdinfo']);
    expect(await complete('mayfly', 'boot', '')).toContain('--expect');
    expect(stdout).toContain('0');
    expect(await complete('mayfly', 'boot', '0')).toEqual(['0']);
    expect(await complete('mayfly', 'build', '--artifacts', '')).toContain('0');
    expect(await complete('mayfly', 'vm', 'exec', '--', '0')).toEqual(['0']);
  });
});

it.each(['bash', 'zsh', 'fish'] as const)('`mayfly completion %s` names every command', async (shell) => {
  const { exitCode, stdout } = await mayfly('completion', shell);
  expect(exitCode).toBe(0);
  expect(stdout).toBe(`${completionScript(makeProgram(), shell)}\n`);
  for (const name of ['init', 'build', 'plan', 'boot', 'artifacts', 'vm', 'box', 'cache', 'clean', 'doctor'])
    expect(stdout).toContain(name);
  if (shell !== 'fish') expect((await run('bash', ['-n'], { input: stdout })).stderr).toBe('');
  if (which(shell) !== undefined) await run(shell, ['-n'], { input: stdout });
});

it('zsh has no mapfile, and special variables of its own', () => {
  const script = completionScript(makeProgram(), 'zsh');
  expect(script).not.toContain('mapfile');
  const names =
    /local (.*)/
      .exec(script)?.[1]
      ?.split(' ')
      .map((word) => word.replace(/=.*/, '')) ?? [];
  expect(names.length).toBeGreaterThan(0);
  for (const name of ['path', 'words', 'options', 'commands', 'status']) expect(names).not.toContain(name);
});

describe('in fish', () => {
  const lines = completionScript(makeProgram(), 'fish').split('\n');

  it.each([
    "complete -c mayfly -n '__mayfly_at' -f -a build",
    "complete -c mayfly -n '__mayfly_at box' -f -a create",
    "complete -c mayfly -n '__mayfly_at build' -l keep-running",
    "complete -c mayfly -n '__mayfly_at box clean' -l older-than -r",
    "complete -c mayfly -n '__mayfly_at init' -l template -s t -x -a 'live live-build minimal'",
    "complete -c mayfly -n '__mayfly_at completion' -f -a zsh",
  ])('%s', (line) => {
    expect(lines).toContain(line);
  });

  it('nothing is offered after one word of a path alone', () => {
    const offers = lines.filter((line) => line.startsWith('complete '));
    expect(offers.filter((line) => line.includes("at clean' -l all"))).toEqual([]);
    expect(offers.every((line) => line.includes("-n '__mayfly_at"))).toBe(true);
  });
});

it('its help makes the folder that the script goes to: a fresh home has none', async () => {
  const { stdout } = await mayfly('completion', '--help');
  expect(stdout).toMatch(/mkdir -p (\S+)\n +mayfly completion bash > \1\/mayfly/);
});
