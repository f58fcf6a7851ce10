import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../../src/cli/exit.js';
import { makeProgram } from '../../../src/cli/main.js';
import { mayfly } from './program.js';

function pathsOf(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  return [path, ...command.commands.flatMap((child) => pathsOf(child, [...path, child.name()]))];
}

/** A command line, and what it does: in two columns, or one below the other. */
const EXAMPLE = /^ {2}(\S.*?)(?: {2,}|\n {6})([a-z].*[^.])$/gm;

const PATHS = pathsOf(makeProgram());

/** Variables that change a build in every project. */
const FOR_BUILDS = ['TAILS_BUILD_OPTIONS', 'APT_SNAPSHOTS_SERIALS', 'http_proxy'];

describe('help', () => {
  it('there is a command for every task', () => {
    expect(PATHS.map((path) => path.join(' ')).filter((path) => path !== '')).toMatchInlineSnapshot(`
      [
        "init",
        "build",
        "plan",
        "boot",
        "artifacts",
        "vm",
        "vm up",
        "vm ssh",
        "vm exec",
        "vm provision",
        "vm halt",
        "vm destroy",
        "vm status",
        "vm list",
        "box",
        "box create",
        "box list",
        "box show",
        "box remove",
        "box clean",
        "box export",
        "box publish",
        "box import",
        "snapshots",
        "snapshots show",
        "snapshots latest",
        "snapshots freeze",
        "snapshots thaw",
        "snapshots set",
        "snapshots resolve",
        "snapshots take",
        "snapshots list",
        "snapshots serve",
        "snapshots tag",
        "snapshots untag",
        "snapshots hold",
        "snapshots unhold",
        "snapshots expire",
        "snapshots verify",
        "snapshots export",
        "snapshots import",
        "cache",
        "cache list",
        "cache clean",
        "clean",
        "rake",
        "doctor",
        "completion",
      ]
    `);
  });

  it.each(PATHS.map((path) => [path.join(' ')]))('of `mayfly %s` is printed, in 80 columns', async (path) => {
    const args = path === '' ? [] : path.split(' ');
    const { exitCode, stdout, stderr } = await mayfly(...args, '--help');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Usage: mayfly${path === '' ? '' : ` ${path}`}`);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each(PATHS.map((path) => [path.join(' ')]))('of `mayfly %s` has examples, explained', async (path) => {
    const { stdout } = await mayfly(...path.split(' ').filter((word) => word !== ''), '--help');
    const [title = '', ...rest] = stdout.slice(stdout.search(/^Examples?:$/m)).split('\n');
    const [examples = ''] = rest.join('\n').split('\n\n');
    const found = [...examples.matchAll(EXAMPLE)].map(([, line]) => line ?? '');
    expect(found.length).toBeGreaterThan(0);
    expect(title).toBe(found.length === 1 ? 'Example:' : 'Examples:');
    // Nothing but examples, and each one is of this command.
    expect(examples.replaceAll(EXAMPLE, '').trim()).toBe('');
    for (const line of found) expect(line).toMatch(new RegExp(`\\bmayfly ${path}\\b`));
  });

  it('lists every exit code, and the environment', async () => {
    const { stdout } = await mayfly('--help');
    for (const [code, meaning] of EXIT_CODES)
      expect(stdout).toContain(`${String(code).padStart(5)}  ${meaning}`);
    // Above 125 are the signals: of a script, they become 1.
    expect(stdout).toContain('below 126');
    for (const name of ['MAYFLY_BUILD_OPTIONS', 'ARTIFACTS', 'MAYFLY_HOME', 'MAYFLY_TMPDIR', ...FOR_BUILDS])
      expect(stdout).toContain(name);
  });

  it('of `build` names the variables that change a build', async () => {
    const { stdout } = await mayfly('build', '--help');
    for (const name of FOR_BUILDS) expect(stdout).toContain(name);
  });

  it.each(['build', 'plan'])('of `%s` lists every build option', async (path) => {
    const { stdout } = await mayfly(...path.split(' '), '--help');
    expect(stdout).toContain('Build options:');
    for (const flag of ['--no-ram', '--proxy', '--rescue', '--date-offset', '--force-cleanup'])
      expect(stdout).toContain(flag);
  });

  it('of `vm up` lists only what means something there', async () => {
    const { stdout } = await mayfly('vm', 'up', '--help');
    for (const flag of ['--no-ram', '--cpus', '--rescue', '--force-cleanup']) expect(stdout).toContain(flag);
    for (const flag of ['--keep-running', '--ignore-changes', '--date-offset', '-compression'])
      expect(stdout).not.toContain(flag);
  });

  it('of `plan` and `build` is the same but for what only a build has', () => {
    const flagsOf = (name: string): readonly string[] =>
      makeProgram()
        .commands.filter((command) => command.name() === name)
        .flatMap((command) => command.options.map(({ flags }) => flags));
    expect(
      flagsOf('build').filter((flag) => !['--boot-timeout <TIME>', '--junit <FILE>'].includes(flag)),
    ).toEqual(flagsOf('plan'));
  });

  it.each(PATHS.map((path) => [path.join(' ')]))(
    'of `mayfly %s` has the global options last',
    async (path) => {
      const { stdout } = await mayfly(...path.split(' ').filter((word) => word !== ''), '--help');
      const [, group = ''] = /^Options:\n((?: +.*\n)*)/m.exec(stdout) ?? [];
      const flags = [...group.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag ?? '');
      const global = ['--json', '--verbose', '--quiet', '--help'];
      const first = flags.findIndex((flag) => global.includes(flag));
      expect(flags.slice(first)).toEqual(global.filter((flag) => flags.includes(flag)));
    },
  );

  it('of a build names first what people use most', async () => {
    const { stdout } = await mayfly('build', '--help');
    expect(stdout).toMatch(/Build options:\n +--keep-running[^]*--rescue[^]*--ram [^]*--cpu-model/);
  });

  it('is in one style: sentences for what something is, phrases in lists of commands', () => {
    const sentence = /^[A-Z`].*\.$/;
    const visit = (command: Command): void => {
      const path = command.name();
      expect(command.description(), path).toMatch(sentence);
      if (command.parent !== null) expect(command.summary(), path).toMatch(/^[a-z].*[^.]$/);
      for (const { flags, description } of command.options)
        expect(description, `${path} ${flags}`).toMatch(sentence);
      for (const argument of command.registeredArguments)
        expect(argument.description, `${path} ${argument.name()}`).toMatch(sentence);
      for (const child of command.commands) visit(child);
    };
    visit(makeProgram());
  });

  it.each(PATHS.map((path) => [path.join(' ')]))('of `mayfly %s` speaks our words', async (path) => {
    const { stdout } = await mayfly(...path.split(' ').filter((word) => word !== ''), '--help');
    for (const word of ['display help for command', 'results', 'the result '])
      expect(stdout).not.toContain(word);
    expect(stdout).toMatch(/-h, --help +Print this help\./);
  });
});

describe('the command help', () => {
  it.each([
    [['help'], 'Usage: mayfly [options]'],
    [['help', 'vm'], 'Usage: mayfly vm [options]'],
    [['help', 'snapshots', 'freeze'], 'Usage: mayfly snapshots freeze [options]'],
    [['vm', 'help', 'ssh'], 'Usage: mayfly vm ssh [options]'],
  ])('%j', async (args, usage) => {
    const { exitCode, stdout } = await mayfly(...args);
    expect({ exitCode, line: stdout.split('\n')[0] }).toEqual({
      exitCode: 0,
      line: expect.stringContaining(usage) as string,
    });
  });

  it.each([
    [['help', 'bogus'], 'There is no command "bogus".'],
    [['help', 'vm', 'sssh'], 'There is no command "vm sssh"; did you mean `mayfly vm ssh`?'],
    [['vm', 'help', 'bogus'], 'There is no command "vm bogus".'],
    [['help', 'build', 'more'], 'There is no command "build more".'],
  ])('%j is wrong usage', async (args, message) => {
    const { exitCode, stdout, stderr } = await mayfly(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

it.each(['--version', '-V'])('%s prints the version', async (flag) => {
  const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(await mayfly(flag)).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

describe('wrong usage ends with 2, and says what is wrong', () => {
  it.each([
    [['bild'], 'There is no command "bild"; did you mean `mayfly build`?', '`mayfly --help`'],
    [['--nonsense'], '`mayfly` has no option --nonsense.', '`mayfly --help`'],
    [['vm', 'list', '--jsn'], 'has no option --jsn; did you mean --json?', '`mayfly vm list --help`'],
    [['vm', 'list', '--jsn=1'], '`mayfly vm list` has no option --jsn;', ''],
    [['vm', 'list', '-x'], '`mayfly vm list` has no option -x.', ''],
    [['vm', 'list', 'a', 'b'], '`mayfly vm list` takes no arguments "a" "b".', ''],
    [['build', '--kep-running'], 'unknown option --kep-running', 'did you mean --keep-running?'],
    [['build', 'extra'], 'unexpected argument "extra"', ''],
    [['build', '--timeout'], '--timeout needs a value: --timeout <TIME>.', '`mayfly build --help`'],
    [['build', '--proxy', 'squid'], '--proxy squid: expected one of', 'extproxy'],
    [['plan', '--timeout', '90'], 'found "90"', 'such as 90s'],
    [['vm', 'up', '--keep-running'], 'unknown option --keep-running', 'mayfly vm up --help'],
    [['build', '--timeout', 'soon'], '--timeout: expected a duration', ''],
    [['vm', 'sssh'], 'There is no command "vm sssh"; did you mean `mayfly vm ssh`?', '`mayfly vm --help`'],
    [['box', 'show'], '`mayfly box show` needs its argument <box>.', '<box>: Label, the beginning'],
    [['box', 'clean', '--older-than', 'x'], '--older-than: expected a number of days, found "x".', ''],
    [['init'], '`mayfly init` needs its argument <directory>.', '`mayfly init --help`'],
    [
      ['init', 'x', '--template', 'huge'],
      '--template: expected one of live, live-build, minimal, found "huge".',
      '',
    ],
    [['init', 'x', '--template', 'liev'], 'found "liev"; did you mean live?', ''],
    [['completion', 'csh'], '<shell>: expected one of', 'found "csh"'],
    [['boot', 'x.iso', '--memory', 'much'], '--memory: expected a size', ''],
    [['boot', 'x.iso', '--json'], '--json needs --expect', ''],
    [['vm', 'exec'], '`mayfly vm exec` needs its argument <command>.', '<command>: Command and arguments'],
  ])('%j', async (args, message, hint) => {
    const { exitCode, stdout, stderr } = await mayfly(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  it.each([
    [['vm', 'start'], 'vm up'],
    [['vm', 'stop'], 'vm halt'],
    [['vm', 'rm'], 'vm destroy'],
    [['box', 'ls'], 'box list'],
    [['box', 'rm'], 'box remove'],
    [['ssh'], 'vm ssh'],
    [['box', 'halt'], 'vm halt'],
    [['help', 'vm', 'start'], 'vm up'],
  ])('%j is what `mayfly %s` does', async (args, meant) => {
    const { exitCode, stderr } = await mayfly(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`did you mean \`mayfly ${meant}\`?`);
  });

  it('no guess is offered where several would do, or none', async () => {
    expect((await mayfly('list')).stderr).toContain('There is no command "list".');
    expect((await mayfly('constructor')).stderr).not.toContain('did you mean');
  });

  it.each([[[]], [['vm']], [['box']], [['cache']]])('%j alone shows the help', async (args) => {
    const { exitCode, stdout, stderr } = await mayfly(...args);
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toContain('Usage: mayfly');
  });
});
