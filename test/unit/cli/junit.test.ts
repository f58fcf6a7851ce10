/** The file of `--junit`, when the command ends before anything told of it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openJunit } from '../../../src/cli/junit.js';
import { MayflyError } from '../../../src/errors.js';
import { setEnvironment } from '../../rig/fake-programs.js';
import { contextIn } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

async function opened() {
  const folder = await temporaryFolder();
  const file = join(folder, 'deep/mayfly.xml');
  const junit = await openJunit(file, contextIn(folder, join(folder, 'home')));
  return { junit, read: () => readFile(file, 'utf8') };
}

it('says from the first that mayfly did not finish, and says so when nothing else was told', async () => {
  const { junit, read } = await opened();
  expect(await read()).toMatch(/failures="1"[^]*mayfly did not finish/);
  await junit[Symbol.asyncDispose]();
  expect(await read()).toMatch(/failures="1"[^]*mayfly did not finish/);
});

it('has no failure of a build that succeeded', async () => {
  const { junit, read } = await opened();
  junit.context.report({ type: 'build-finished', outcome: 'success', seconds: 1 });
  junit.tell(new Error('too late'));
  await junit[Symbol.asyncDispose]();
  expect(await read()).toContain('failures="0"');
});

it('has the error that came before any event', async () => {
  const { junit, read } = await opened();
  junit.tell(new MayflyError('usage', 'x.y', 'What went wrong.', { hint: 'Do that.' }));
  await junit[Symbol.asyncDispose]();
  expect(await read()).toMatch(/failures="1"[^]*What went wrong\.[^]*Do that\./);
});

it('has what is wrong with a flag', async () => {
  const folder = await temporaryFolder();
  setEnvironment({ MAYFLY_HOME: folder });
  const file = join(folder, 'mayfly.xml');
  expect(await mayfly('build', '--junit', file, '--provider', 'nope')).toMatchObject({ exitCode: 2 });
  expect(await readFile(file, 'utf8')).toMatch(/failures="1"[^]*--provider: there is no provider/);
});
