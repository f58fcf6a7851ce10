import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { setEnvironment } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

const CLEAN = { MAYFLY_BUILD_OPTIONS: undefined, TAILS_BUILD_OPTIONS: undefined };

/** The details of the error: what is wrong, one a line. */
async function problems(...args: readonly string[]): Promise<readonly string[]> {
  const { exitCode, stderr } = await mayfly(...args);
  expect(exitCode).toBe(2);
  return stderr.split('\n').flatMap((line) => (line.startsWith('  ') ? [line.trim()] : []));
}

describe.each(['build', 'plan', 'vm up'])('the command line of `%s`', (path) => {
  const command = path.split(' ');

  it('is told all that is wrong with it at once', async () => {
    setEnvironment(CLEAN);
    const args = [...command, '--cpus', 'abc', '--nope', '--proxy', 'foo'];
    expect(await problems(...args)).toEqual([
      'command line: unknown option --nope',
      'command line: --proxy foo: expected one of vmproxy, extproxy, vmproxy+extproxy, noproxy',
      'command line: --cpus abc: expected a whole number from 1 to 288, found "abc"',
    ]);
    expect((await mayfly(...args)).stderr).toContain('error: 3 options are wrong.');
    expect((await mayfly(...args)).stderr).toContain(`\`mayfly ${path} --help\` lists every option.`);
  });

  it('is told with what MAYFLY_BUILD_OPTIONS says wrong', async () => {
    setEnvironment({ ...CLEAN, MAYFLY_BUILD_OPTIONS: 'noram fastcmp' });
    expect(await problems(...command, '--rescu')).toEqual([
      'command line: unknown option --rescu; did you mean --rescue?',
      'MAYFLY_BUILD_OPTIONS: unknown build option "fastcmp"; did you mean fastcomp?',
    ]);
  });
});

describe('what is not known', () => {
  it.each([
    [['--keep-runing'], ['unknown option --keep-runing; did you mean --keep-running?']],
    [['--cpu=4'], ['unknown option --cpu; did you mean --cpus?']],
    [['-x'], ['unknown option -x']],
    [['--nope', 'value', '--no-ram'], ['unknown option --nope']],
    [['main'], ['unexpected argument "main"']],
    [['--', 'main'], ['unexpected argument "main"']],
    [
      ['--timeout', '90', '--boot-timeout', 'soon'],
      [
        '--timeout: expected a duration such as 90s, 90m or 1h30m, 480h at most, found "90"',
        '--boot-timeout: expected a duration such as 90s, 90m or 1h30m, 480h at most, found "soon"',
      ],
    ],
  ])('%j', async (args, texts) => {
    setEnvironment(CLEAN);
    expect(await problems('build', ...args)).toEqual(texts.map((text) => `command line: ${text}`));
  });
});

it('is found before anything is done', async () => {
  const home = await temporaryFolder();
  setEnvironment({ ...CLEAN, MAYFLY_HOME: join(home, 'home') });
  await problems('build', '--nope');
  await problems('build', '--cpus', '0');
  expect(await readdir(home)).toEqual([]);
});
