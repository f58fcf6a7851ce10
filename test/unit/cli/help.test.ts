import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../../src/cli/exit.js';
import { makeProgram } from '../../../src/cli/main.js';
import { mayfly } from './program.js';

function pathsOf(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  return [path, ...command.commands.flatMap((child) => pathsOf(child, [...path, child.name()]))];
}

const PATHS = pathsOf(makeProgram());

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
        "box clean",
        "cache",
        "cache list",
        "cache clean",
        "clean",
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
    const examples = stdout.indexOf('\nExample');
    const lines = stdout.slice(0, examples === -1 ? undefined : examples).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('lists every exit code, and the environment', async () => {
    const { stdout } = await mayfly('--help');
    for (const [code, meaning] of EXIT_CODES)
      expect(stdout).toContain(`${String(code).padStart(5)}  ${meaning}`);
    for (const name of ['MAYFLY_BUILD_OPTIONS', 'ARTIFACTS', 'MAYFLY_HOME']) expect(stdout).toContain(name);
  });

  it.each(['build', 'plan', 'vm up'])('of `%s` lists every build option', async (path) => {
    const { stdout } = await mayfly(...path.split(' '), '--help');
    expect(stdout).toContain('Build options:');
    for (const flag of ['--no-ram', '--proxy', '--rescue', '--date-offset', '--force-cleanup'])
      expect(stdout).toContain(flag);
  });

  it('every command says what it is for', () => {
    const visit = (command: Command): void => {
      expect(command.description(), command.name()).toMatch(/\.$/);
      for (const child of command.commands) visit(child);
    };
    visit(makeProgram());
  });
});

it.each(['--version', '-V'])('%s prints the version', async (flag) => {
  const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(await mayfly(flag)).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

describe('wrong usage ends with 2, and says what is wrong', () => {
  it.each([
    [['bild'], "unknown command 'bild'", 'Did you mean build?'],
    [['--nonsense'], "unknown option '--nonsense'", ''],
    [['build', '--kep-running'], "unknown option '--kep-running'", 'Did you mean --keep-running?'],
    [['build', 'extra'], 'too many arguments', ''],
    [['build', '--timeout'], 'argument missing', ''],
    [['build', '--proxy', 'squid'], "argument 'squid' is invalid", 'extproxy'],
    [['build', '--timeout', 'soon'], '--timeout: expected a duration', ''],
    [['vm', 'sssh'], "unknown command 'sssh'", 'Did you mean ssh?'],
    [['box', 'show'], "missing required argument 'box'", ''],
    [['box', 'clean', '--older-than', 'x'], 'expected a number of days', ''],
    [['init'], "missing required argument 'directory'", ''],
    [['init', 'x', '--template', 'huge'], "argument 'huge' is invalid", 'minimal'],
    [['completion', 'csh'], "argument value 'csh' is invalid", 'fish'],
    [['boot', 'x.iso', '--memory', 'much'], '--memory: expected a size', ''],
    [['vm', 'exec'], "missing required argument 'command'", ''],
  ])('%j', async (args, message, hint) => {
    const { exitCode, stdout, stderr } = await mayfly(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  it.each([[[]], [['vm']], [['box']], [['cache']]])('%j alone shows the help', async (args) => {
    const { exitCode, stdout, stderr } = await mayfly(...args);
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toContain('Usage: mayfly');
  });
});
