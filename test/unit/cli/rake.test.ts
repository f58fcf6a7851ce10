import { describe, expect, it } from 'vitest';
import { makeProgram } from '../../../src/cli/main.js';
import { readWords, TASKS } from '../../../src/cli/rake.js';
import { setEnvironment } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

const JENKINS = { JENKINS_URL: 'http://jenkins.example/' };

describe('a task', () => {
  it.each<readonly [readonly string[], NodeJS.ProcessEnv, readonly string[]]>([
    [['build'], {}, ['build']],
    [['vm:up'], {}, ['vm up']],
    [['vm:ssh'], {}, ['vm ssh']],
    [['vm:halt'], {}, ['vm halt']],
    [['vm:provision'], {}, ['vm provision']],
    [['vm:destroy'], {}, ['vm destroy']],
    [['basebox:create'], {}, ['box create']],
    [['basebox:clean_old'], {}, ['box clean --older-than 183']],
    [['basebox:clean_old'], JENKINS, ['box clean --older-than 122']],
    [['basebox:clean_old', 'JENKINS_URL=http://x/'], {}, ['box clean --older-than 122']],
    [['basebox:clean_all'], {}, ['box clean --all']],
    [['clean_up_libvirt_volumes'], {}, ['clean']],
    [['clean_all'], {}, ['vm destroy', 'clean', 'box clean --all']],
    [['retrieve_artifacts'], {}, ['artifacts']],
    [['vm:destroy', 'build', 'ARTIFACTS=/x y'], {}, ['vm destroy', 'build']],
  ])('%j, with %j, is %j', (words, env, commands) => {
    expect(readWords(words, env).commands.map((line) => line.join(' '))).toEqual(commands);
  });

  it('is one that mayfly has: each of its commands exists, with its flags', () => {
    const all = TASKS.flatMap(({ commands }) => commands({}));
    for (const line of all) {
      const [first = '', second] = line;
      const command = makeProgram().commands.find((each) => each.name() === first);
      const inner = command?.commands.find((each) => each.name() === second) ?? command;
      expect(inner, line.join(' ')).toBeDefined();
      for (const flag of line.filter((word) => word.startsWith('--')))
        expect(inner?.options.map(({ long }) => long)).toContain(flag);
    }
  });

  it('variables are handed on as they are', () => {
    expect(readWords(['build', 'A=b c=d', 'B='], {}).variables).toEqual({ A: 'b c=d', B: '' });
  });
});

describe('on the command line', () => {
  it('-T lists all tasks, as rake does', async () => {
    const { exitCode, stdout } = await mayfly('rake', '-T');
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(TASKS.length);
    expect(lines[0]).toMatch(/^mayfly rake build +# build the image$/);
  });

  it.each([
    [[], 'No task is named.'],
    [['bild'], 'There is no task "bild"; did you mean build?'],
    [['build', 'nonsense:x'], 'There is no task "nonsense:x".'],
    [['A=b'], 'No task is named.'],
    [['vm:destroy', '1x=3'], 'There is no task "1x=3".'],
    [['build', '=x'], 'There is no task "=x".'],
  ])('%j is wrong usage', async (words, message) => {
    const { exitCode, stderr } = await mayfly('rake', ...words);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
    expect(stderr).toContain(message);
    expect(stderr).toContain('mayfly rake -T');
  });

  it('runs the command: its output, its exit code, and nothing after a failure', async () => {
    setEnvironment({ MAYFLY_HOME: await temporaryFolder(), ARTIFACTS: '' });
    expect(await mayfly('rake', 'basebox:clean_all', 'clean_up_libvirt_volumes', 'ARTIFACTS=/srv')).toEqual({
      exitCode: 0,
      stdout: 'There is nothing to remove.\nNothing was left behind.\n',
      stderr: '',
    });
    expect(process.env['ARTIFACTS']).toBe('/srv');
    setEnvironment({ MAYFLY_HOME: 'relative' });
    const failed = await mayfly('rake', 'basebox:clean_all', 'clean_up_libvirt_volumes');
    expect(failed).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
