/** `steps.sh compare`: its exit code, and the test case that CI systems show. */
import { XMLParser } from 'fast-xml-parser';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { githubJobs, readCiFile, type GitlabJob } from '../../rig/ci-files.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { parseGroovy, resultsOf } from '../../rig/groovy.js';
import { startStep } from '../../rig/steps.js';
import { git, repository, temporaryFolder } from '../source/repository.js';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

/** @param sums SHA256SUMS of each, undefined for none @param second name of its folder */
async function compare(sums: readonly [string, string], second = 'second') {
  const folder = await temporaryFolder();
  for (const [name, text] of [
    ['first', sums[0]],
    [second, sums[1]],
  ] as const) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'SHA256SUMS'), text);
  }
  const outcome = await startStep(['compare', 'first', second], folder, {}).outcome;
  const xml = await readFile(join(folder, second, 'compare.xml'), 'utf8');
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' });
  const { testsuites } = parser.parse(xml) as { testsuites: { testsuite: Record<string, unknown> } };
  return { ...outcome, suite: testsuites.testsuite };
}

const image = (sum: string, name = 'image'): string => `${sum}  ${name}.iso\n${sum}  ${name}.log\n`;

describe('two builds', () => {
  it('of the same image are a test that passes, whatever else differs', async () => {
    const { exitCode, suite } = await compare([image(A, 'one'), image(A, 'two')]);
    expect(exitCode).toBe(0);
    expect(suite).toEqual({
      name: 'compare',
      tests: '1',
      failures: '0',
      testcase: { classname: 'mayfly.compare', name: 'The images are the same' },
    });
  });

  it('of two are a test that fails, with both checksums', async () => {
    const { exitCode, all, suite } = await compare([image(A), image(B)], 'a<b&c');
    expect(exitCode).toBe(1);
    const said = `The images differ.\nfirst:\n${A}\na<b&c:\n${B}`;
    expect(all).toBe(said);
    expect(suite).toMatchObject({
      failures: '1',
      testcase: { failure: { '#text': said, message: 'The images are not the same.' } },
    });
  });

  it('without an image are one too', async () => {
    const { exitCode, suite } = await compare([image(A), '']);
    expect(exitCode).toBe(1);
    expect(suite).toMatchObject({
      testcase: { failure: { '#text': 'No *.iso or *.img in second/SHA256SUMS: nothing to compare.' } },
    });
  });
});

it('a second build that fails leaves no comparison of an earlier one', async () => {
  const folder = await temporaryFolder();
  const source = await repository(join(folder, 'source'));
  await fakeProgram('mayfly', 'exit 7');
  await mkdir(join(folder, 'first'));
  await mkdir(join(folder, 'second'));
  const files = { commit: await git(source, 'rev-parse', 'HEAD'), branch: 'main', base: '' };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'first', name), text);
  await writeFile(join(folder, 'second/compare.xml'), '');
  expect(await startStep(['again', '../second', '../first'], source, {}).outcome).toMatchObject({
    exitCode: 7,
  });
  await expect(access(join(folder, 'second/compare.xml'))).rejects.toThrow('ENOENT');
});

describe('is shown', () => {
  let root: Awaited<ReturnType<typeof parseGroovy>>;
  beforeAll(async () => {
    root = await parseGroovy(await readCiFile('Jenkinsfile'));
  });

  it('by Jenkins', () => {
    expect(resultsOf(root)).toEqual(['first/junit.xml', 'second/junit.xml, second/compare.xml']);
  });

  it('by GitLab', async () => {
    const { reproduce } = parse(await readCiFile('gitlab-ci.yml')) as { reproduce: GitlabJob };
    expect(reproduce.artifacts.reports.junit).toEqual(['second/junit.xml', 'second/compare.xml']);
  });

  it('by GitHub, with all of the second build', async () => {
    const steps = (await githubJobs()).reproduce.steps.slice(-2);
    expect(steps).toMatchObject([{ name: 'Compare' }, { if: 'always()', with: { path: 'second' } }]);
  });
});
