/** `mayfly plan` in a home where nothing is yet. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { testProject } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it('leaves no file and no folder in an empty home, nor where it works', async () => {
  const { root } = await testProject();
  const folder = await temporaryFolder();
  const [home, scratch] = [join(folder, 'home'), join(folder, 'tmp')];
  await mkdir(home);
  await mkdir(scratch);
  vi.stubEnv('HOME', home);
  for (const name of ['MAYFLY_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME', 'XDG_STATE_HOME'])
    vi.stubEnv(name, '');
  vi.stubEnv('MAYFLY_TMPDIR', scratch);
  vi.stubEnv('MAYFLY_ACCELERATOR', 'tcg');
  vi.spyOn(process, 'cwd').mockReturnValue(root);
  const planned = await mayfly('plan', '--json');
  expect(planned).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(planned.stdout)).toMatchObject({ project: { name: 'example' } });
  expect([await readdir(home), await readdir(scratch)]).toEqual([[], []]);
});
