/** What `mayfly artifacts` leaves in a folder that holds the results of a build. */
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeArtifactDisk } from '../../../../src/artifacts/disk.js';
import type { Collected } from '../../../../src/build/results/bring-out.js';
import { isOf } from '../../../../src/build/results/describe.js';
import { publishFetched } from '../../../../src/build/results/fetch.js';
import { sha256 } from '../../../../src/basebox/recipe.js';
import { buildsFolder } from '../../../../src/paths.js';
import type { MayflyEvent } from '../../../../src/report/events.js';
import { failure, temporaryFolder } from '../../source/repository.js';
import { PLAN } from '../plan/plan-value.js';
import { contextIn } from '../plan/project.js';
import { RECORD } from '../record/record-value.js';

let root: string;
let directory: string;
let told: MayflyEvent[];

beforeEach(async () => {
  root = await temporaryFolder();
  directory = join(root, 'artifacts');
  told = [];
  await mkdir(directory);
});

const lines = (): readonly string[] => told.flatMap((event) => (event.type === 'notice' ? [event.text] : []));
const artifact = (name: string, content: string) => ({
  name,
  bytes: content.length,
  sha256: sha256(content),
});

/** As a build leaves them. */
async function results(files: Readonly<Record<string, string>>): Promise<void> {
  const artifacts = Object.entries(files).map(([name, content]) => artifact(name, content));
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  await writeFile(join(directory, 'build.json'), JSON.stringify({ ...RECORD, artifacts }));
  await writeFile(join(directory, 'events.jsonl'), '{}\n');
  await writeFile(join(directory, 'build.log'), 'log\n');
  await writeFile(
    join(directory, 'SHA256SUMS'),
    artifacts.map((each) => `${each.sha256}  ${each.name}\n`).join(''),
  );
}

/** What the kept VM has. */
async function fetched(files: Readonly<Record<string, string>>) {
  const disk = join(root, 'artifacts.raw');
  await rm(disk, { force: true });
  await makeArtifactDisk(disk, 2 ** 20);
  await using file = await open(disk, 'r+');
  const offers: Collected['offers'][number][] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    await file.write(content, offset);
    offers.push({ name, offset, bytes: content.length });
    offset += content.length;
  }
  const context = {
    ...contextIn(root, join(root, 'home')),
    report: (event: MayflyEvent) => told.push(event),
  };
  await mkdir(join(buildsFolder(context.home), RECORD.build), { recursive: true });
  const plan = { ...PLAN, artifacts: { ...PLAN.artifacts, directory } };
  return await publishFetched(context, plan, { disk, offers, inUse: true });
}

const sums = (): Promise<string> => readFile(join(directory, 'SHA256SUMS'), 'utf8');

describe('artifacts that are fetched from a kept VM', () => {
  it('that are those of the record beside them: it stays', async () => {
    await results({ 'a.iso': 'one', 'b.img': 'two' });
    const before = await sums();
    await fetched({ 'b.img': 'two', 'a.iso': 'one' });
    expect(await sums()).toBe(before);
    expect((await readdir(directory)).sort()).toEqual([
      ...['SHA256SUMS', 'a.iso', 'b.img', 'build.json', 'build.log', 'events.jsonl'],
    ]);
    expect(lines()).toEqual([]);
  });

  it.each([
    ['another content', { 'a.iso': 'new', 'b.img': 'two' }],
    ['one less', { 'a.iso': 'one' }],
    ['one more', { 'a.iso': 'one', 'b.img': 'two', 'c.img': 'three' }],
    ['another name', { 'a.iso': 'one', 'c.img': 'two' }],
  ])('that are others (%s): no record speaks of what is not there', async (_name, files) => {
    await results({ 'a.iso': 'one', 'b.img': 'two' });
    const artifacts = await fetched(files);
    const left = await readdir(directory);
    for (const name of ['build.json', 'events.jsonl', 'build.log']) expect(left).not.toContain(name);
    expect(await sums()).toBe(artifacts.map((each) => `${each.sha256}  ${each.name}\n`).join(''));
    expect(artifacts.map(({ name }) => name)).toEqual(Object.keys(files));
    const logs = join(root, 'home/state/builds', RECORD.build);
    expect(lines()).toEqual([
      `What lay beside the artifacts of build ${RECORD.build} is removed from ${directory}, as these are others: events.jsonl, build.log, build.json. Its record and logs are still in ${logs}.`,
    ]);
  });

  it('where there is no record: checksums alone', async () => {
    await fetched({ 'a.iso': 'one' });
    expect((await readdir(directory)).sort()).toEqual(['SHA256SUMS', 'a.iso']);
    expect(lines()).toEqual([]);
  });

  it.each(['{"name": "of somebody"}', 'no JSON', '[]'])(
    'beside a build.json of another kind: %s',
    async (text) => {
      await writeFile(join(directory, 'build.json'), text);
      await writeFile(join(directory, 'build.log'), 'theirs');
      await fetched({ 'a.iso': 'one' });
      expect(await readFile(join(directory, 'build.json'), 'utf8')).toBe(text);
      expect(await readFile(join(directory, 'build.log'), 'utf8')).toBe('theirs');
      expect(lines()).toEqual([]);
    },
  );

  it('of which some are refused: what is told of the others is true, and the refusal is told', async () => {
    await results({ 'a.iso': 'one' });
    const error = await failure(fetched({ 'a.iso': 'new', '.hidden': 'x' }));
    expect(error).toMatchObject({ code: 'artifacts.refused' });
    expect(await sums()).toBe(`${sha256('new')}  a.iso\n`);
    expect(await readdir(directory)).not.toContain('build.json');
  });

  it('none: what is there stays', async () => {
    await results({ 'a.iso': 'one' });
    expect(await fetched({})).toEqual([]);
    expect(await readdir(directory)).toContain('build.json');
  });
});

it('a record is of the files that it lists, in any order', () => {
  const [a, b] = [artifact('a', '1'), artifact('b', '2')];
  expect(isOf({ artifacts: [b, a] }, [a, b])).toBe(true);
  expect(isOf({ artifacts: [] }, [])).toBe(true);
  expect(isOf({ artifacts: [a, a] }, [a, b])).toBe(false);
});
