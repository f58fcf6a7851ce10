import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { git } from '../../../src/source/git.js';
import { createRepository } from '../../../src/source/index.js';
import { temporaryFolder } from './repository.js';

let home: string;
let project: string;

beforeEach(async () => {
  const folder = await temporaryFolder();
  home = join(folder, 'home');
  project = join(folder, 'project');
  await mkdir(home);
  await mkdir(project);
  await writeFile(join(project, 'file'), 'content\n');
  vi.stubEnv('HOME', home);
  vi.stubEnv('XDG_CONFIG_HOME', undefined);
});

const author = async (): Promise<string> => await git({ workTree: project }, ['log', '--format=%an <%ae>']);

test('the first commit is in the name that the person has told git', async () => {
  await writeFile(
    join(home, '.gitconfig'),
    '[user]\nname = Ada\nemail = ada@example.org\n[commit]\ngpgSign = true\n',
  );
  const id = await createRepository(project, 'Begin');
  expect(await author()).toBe('Ada <ada@example.org>');
  expect(await git({ workTree: project }, ['status', '--short'])).toBe('');
  expect((await git({ workTree: project }, ['rev-parse', 'main'])).startsWith(id)).toBe(true);
});

test('without a name it is in ours', async () => {
  await writeFile(join(home, '.gitconfig'), '[user]\nname = Ada\n');
  await createRepository(project, 'Begin');
  expect(await author()).toBe('mayfly <mayfly@localhost>');
});
