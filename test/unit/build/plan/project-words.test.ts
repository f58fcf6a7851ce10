import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inProjectWords } from '../../../../src/build/plan/project-words.js';
import { ScriptFailed } from '../../../../src/build/work-in-vm.js';
import { MayflyError } from '../../../../src/errors.js';
import { repository, temporaryFolder, type Files } from '../../source/repository.js';

const MARKS: Files = {
  'vagrant/lib/tails_build_settings.rb': '',
  'vagrant/provision/setup-tails-builder': '#!/bin/sh\n',
};

const late = () =>
  new MayflyError('script', 'build.timeout', 'Late.', {
    hint: 'Give it more time: --timeout, or build.timeout in builder.yaml.',
  });

async function hintIn(files: Files): Promise<string | undefined> {
  const root = await repository(join(await temporaryFolder(), 'checkout'), { README: '', ...files });
  const error = late();
  expect(await inProjectWords(error, root)).toBe(error);
  return error.hint;
}

it('a hint names what a Tails-style checkout has', async () => {
  expect(await hintIn(MARKS)).toBe('Give it more time: --timeout.');
});

it.each<readonly [string, Files]>([
  ['with a builder.yaml', { ...MARKS, 'builder/builder.yaml': '' }],
  ['of any other kind', {}],
])('it names the field in a checkout %s', async (_, files) => {
  expect(await hintIn(files)).toBe(late().hint);
});

it('an error stays what it is, outside of a checkout and without a hint too', async () => {
  const folder = await temporaryFolder();
  const error = late();
  expect(await inProjectWords(error, folder)).toBe(error);
  expect(error.hint).toBe(late().hint);
  expect(await inProjectWords('text', folder)).toBe('text');
  const failed = new ScriptFailed(3, '/log', '/build');
  const root = await repository(join(folder, 'checkout'), MARKS);
  await inProjectWords(failed, root);
  expect(failed).toMatchObject({
    exitCode: 3,
    hint: expect.stringContaining('BUILD_SPACE_REQUIREMENT') as string,
  });
});
