/** A release, planned from what the local archive keeps of it. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { archiveFolder } from '../../../../src/paths.js';
import { addTag, type Tag } from '../../../../src/snapshots/local/tag.js';
import { git } from '../../source/repository.js';
import { CONFIG, plan, testProject } from './project.js';

const kept = (commit: string): Tag => ({
  schema: 1,
  tag: '1.0',
  project: 'alpha',
  commit,
  createdAt: '2026-01-02T03:04:05.000Z',
  serials: Object.fromEntries(
    ['debian', 'debian-security'].map((origin) => [origin, { box: '2026010101', image: '2026010101' }]),
  ),
  snapshots: {},
  files: [],
  record: {},
});

/** A checkout whose name is that of its folder, which is not alpha; its serials are at latest. */
async function release(commit?: string) {
  const latest = ['builder/basebox', 'config'].flatMap((folder) =>
    ['debian', 'debian-security'].map((origin) => join(folder, 'APT_snapshots.d', origin, 'serial')),
  );
  const { root, context } = await testProject({
    ...Object.fromEntries(latest.map((file) => [file, 'latest\n'])),
    'builder/builder.yaml': CONFIG.replace('name: example\n', ''),
  });
  await git(root, 'tag', '1.0');
  await addTag(archiveFolder(context.home), kept(commit ?? (await git(root, 'rev-parse', 'HEAD'))));
  return await plan(context);
}

it('is what was tagged elsewhere, in a folder of another name', async () => {
  const made = await release();
  expect(made.project.name).toBe('checkout');
  for (const { box, image } of made.archive.origins)
    expect([box.serial, image.serial]).toEqual(['2026010101', '2026010101']);
  expect(made.warnings.join('\n')).not.toContain('1.0');
});

it('is not what was tagged of another commit, which is told', async () => {
  const made = await release('d'.repeat(40));
  expect(made.archive.origins.map(({ image }) => image.serial)).toEqual(['latest', 'latest']);
  expect(made.warnings.join('\n')).toContain('The tag 1.0 of the local archive is not used');
});
