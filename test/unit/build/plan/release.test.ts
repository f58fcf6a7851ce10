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

const variable = (serials?: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  serials === undefined ? {} : { APT_SNAPSHOTS_SERIALS: JSON.stringify(serials) };

/** A checkout whose name is that of its folder, which is not alpha; its serials are at latest. */
async function release(commit?: string, serials?: Readonly<Record<string, string>>) {
  const latest = ['builder/basebox', 'config'].flatMap((folder) =>
    ['debian', 'debian-security'].map((origin) => join(folder, 'APT_snapshots.d', origin, 'serial')),
  );
  const files = {
    ...Object.fromEntries(latest.map((file) => [file, 'latest\n'])),
    'builder/builder.yaml': CONFIG.replace('name: example\n', ''),
  };
  const { root, context } = await testProject(files, variable(serials));
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

it('keeps its tag where the variable names another origin, and tells what that contradicts', async () => {
  const made = await release(undefined, { debian: '2026090101' });
  expect(made.archive.origins.map(({ box, image }) => [box.serial, image.serial])).toEqual([
    ['2026010101', '2026090101'],
    ['2026010101', '2026010101'],
  ]);
  expect(made.warnings).toContain(
    'APT_SNAPSHOTS_SERIALS decides: debian 2026090101 in place of the 2026010101 of this release.',
  );
});

it('and a branch that is frozen: a variable that says otherwise decides, and is told of', async () => {
  const serials = { debian: '2026090101', 'debian-security': '2026010302', other: '2026090102' };
  const { context } = await testProject({}, variable(serials));
  const { archive, warnings } = await plan(context);
  expect(archive.origins.map(({ image }) => image.serial)).toEqual(['2026090101', '2026010302']);
  expect(warnings.filter((text) => text.includes('APT_SNAPSHOTS_SERIALS'))).toEqual([
    'APT_SNAPSHOTS_SERIALS decides: debian 2026090101 in place of the 2026010301 of Git.',
  ]);
});

it('and what is at latest: a variable fixes it without a word', async () => {
  const latest = { 'config/APT_snapshots.d/debian/serial': 'latest\n' };
  const { warnings } = await plan((await testProject(latest, variable({ debian: '2026090101' }))).context);
  expect(warnings.join('\n')).not.toContain('APT_SNAPSHOTS_SERIALS');
});
