import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { artifactsFolder } from '../../../../src/build/plan/artifacts-folder.js';
import { failure, temporaryFolder } from '../../source/repository.js';

async function checkout() {
  const folder = await temporaryFolder();
  const topLevel = join(folder, 'checkout');
  await mkdir(join(topLevel, '.git/hooks'), { recursive: true });
  const find = (directory: string, asked?: string, variable?: string) =>
    artifactsFolder({ topLevel, directory }, { cwd: folder, asked, variable });
  return { folder, topLevel, find };
}

it('the flag comes first, then the variable, then builder.yaml; none need be there', async () => {
  const { folder, topLevel, find } = await checkout();
  expect(await find('out')).toBe(join(topLevel, 'out'));
  expect(await find('out', undefined, '')).toBe(join(topLevel, 'out'));
  expect(await find('out', undefined, 'a/b')).toBe(join(topLevel, 'a/b'));
  expect(await find('out', 'a/b', 'c')).toBe(join(folder, 'a/b'));
  expect(await find('out', undefined, '..')).toBe(folder);
});

it.each([
  ['out of the checkout', '..'],
  ['to what is Git’s own', '.git/hooks'],
])('builder.yaml cannot lead %s by a link', async (_where, target) => {
  const { folder, topLevel, find } = await checkout();
  await symlink(target, join(topLevel, 'out'));
  for (const directory of ['out', 'out/more'])
    expect(await failure(find(directory))).toMatchObject({
      kind: 'usage',
      code: 'artifacts.directory',
      hint: expect.stringContaining('--artifacts') as string,
    });
  // A person can.
  expect(await find('out', 'checkout/out')).toBe(join(folder, 'checkout/out'));
});

it('says why a folder cannot be used', async () => {
  const { topLevel, find } = await checkout();
  await writeFile(join(topLevel, 'file'), '');
  expect((await failure(find('file'))).message).toContain('is no folder');
  expect((await failure(find('file/below'))).message).toContain('is no folder');
});
