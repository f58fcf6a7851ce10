/** Origins that come from several places: a service of timestamps, a Tails-style one, a mirror, the local archive. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { chooseNetwork } from '../../../src/build/archive/network.js';
import {
  allSources,
  movingWarnings,
  toldSerials,
  type PlannedArchive,
} from '../../../src/build/archive/origins.js';
import { planArchive, type ArchiveRequest } from '../../../src/build/archive/plan.js';
import { checkPinned } from '../../../src/build/archive/rules.js';
import { openArchive } from '../../../src/build/archive/serve.js';
import { usedFiles } from '../../../src/build/archive/used.js';
import { planLines } from '../../../src/cli/plan.js';
import { loadConfig } from '../../../src/config/load.js';
import { writeState } from '../../../src/snapshots/serial-files.js';
import { startMirror, type Mirror } from '../../rig/mirror.js';
import { fakeProgram, setEnvironment } from '../../rig/fake-programs.js';
import { mayfly } from '../cli/program.js';
import { failure, git, temporaryFolder } from '../source/repository.js';
import { archiveRig, NEWER } from '../snapshots/local/rig.js';
import { contextIn, testProject } from './plan/project.js';
import { PLAN } from './plan/plan-value.js';

const rig = archiveRig();
const STAMP = '20260103T083456Z';
const SERIAL = '2026010301';
let folder: string;
/** Of a third party, and signed by it. */
let other: Mirror;

beforeEach(async () => {
  folder = await temporaryFolder();
  other = await startMirror(join(folder, 'other'), 'stable', 'other');
  await other.publish({ packages: [NEWER] });
  // This host's APT may have a proxy, which cannot reach what is served here.
  await fakeProgram('apt-config', ':');
});

afterEach(async () => {
  vi.restoreAllMocks();
  await other[Symbol.asyncDispose]();
});

/** Debian from a service of timestamps, and one more origin. */
const yaml = (more: string, url = 'http://stamps.example', settings = ''): string => `name: example
archive:
  kind: timestamps
  url: ${url}
${settings}  origins:
    debian: {suites: [trixie], keyring: '${rig.mirror.keyring}'}
    debian-security: false
    third: {suites: [stable], keyring: '${other.keyring}', ${more}}
`;

async function planned(text: string, change: Partial<ArchiveRequest> = {}): Promise<PlannedArchive> {
  return await planArchive({
    context: contextIn(folder, join(folder, 'home')),
    config: loadConfig(text, { file: 'builder.yaml', defaults: { name: 'example' } }),
    builderFolder: folder,
    imageFolder: folder,
    strict: false,
    offline: false,
    release: undefined,
    ...change,
  });
}

/** What Git says, of box and image. */
async function freezeTo(serials: Readonly<Record<string, string>>): Promise<void> {
  for (const directory of ['basebox/APT_snapshots.d', 'config/APT_snapshots.d'])
    for (const [origin, serial] of Object.entries(serials))
      await writeState(join(folder, directory), origin, { serial, releases: {} });
}

const urlsOf = ({ origins }: PlannedArchive) =>
  Object.fromEntries(origins.map(({ origin, urls }) => [origin, urls?.image]));

describe('where the states of each origin come from', () => {
  it.each([
    ['kind: serials, service: http://serials.example/', `http://serials.example/third/${SERIAL}`, SERIAL],
    ['kind: ubuntu, service: http://moments.example', `http://moments.example/third/${STAMP}`, STAMP],
    [
      'kind: timestamps, service: http://stamps2.example',
      `http://stamps2.example/archive/third/${STAMP}`,
      STAMP,
    ],
    ['kind: local, url: http://third.example/apt', 'http://third.example/apt', SERIAL],
    ['kind: mirror, url: http://third.example/apt', 'http://third.example/apt', SERIAL],
  ])('%s', async (more, url, serial) => {
    await freezeTo({ debian: STAMP, third: serial });
    const plan = await planned(yaml(more));
    expect(urlsOf(plan)).toEqual({ debian: `http://stamps.example/archive/debian/${STAMP}`, third: url });
    const lines = planLines({ ...PLAN, archive: plan }).join('\n');
    expect(lines).toContain(`debian from http://stamps.example/archive/debian/${STAMP}`);
    expect(lines).toContain(`third from ${url}`);
  });

  it('of a tagged snapshot of one origin, the other has its serial', async () => {
    const tagged = yaml('kind: serials, service: http://s.example, tagged_service: http://t.example');
    const release = { tag: '1.0', commit: 'c'.repeat(40) };
    const { origins } = await planned(tagged, { release });
    expect(origins.map(({ image }) => [image.serial, image.tagged])).toEqual([
      ['latest', undefined],
      ['1.0', true],
    ]);
    expect(origins[1]?.urls).toEqual({ box: undefined, image: 'http://t.example/1.0/third' });
    // What the tag does not stand for is still asked for by a serial.
    expect(await failure(planned(tagged, { release, strict: true, offline: true }))).toMatchObject({
      code: 'serial.unresolved',
    });
  });

  it('is not in the plan of a project whose origins all come from one place', async () => {
    await freezeTo({ debian: STAMP, third: STAMP });
    for (const more of ['url: http://third.example', 'kind: timestamps']) {
      const { origins } = await planned(yaml(more));
      for (const origin of origins) expect(Object.keys(origin)).not.toContain('urls');
      for (const origin of origins) expect(Object.keys(origin)).not.toContain('address');
    }
  });

  it('decides whether a tag of the local archive can be built from: where any origin is of that', async () => {
    const tag = (more: string) => failure(planned(yaml(more), { tag: 'none' }));
    expect(await tag('kind: local, url: http://third.example')).toMatchObject({ code: 'tag.unknown' });
    expect(await tag('kind: mirror, url: http://third.example')).toMatchObject({ code: 'tag.not-local' });
    expect(await tag('url: http://third.example')).toMatchObject({ code: 'tag.not-local' });
  });

  it('decides what a mirror among them means', async () => {
    await freezeTo({ debian: STAMP, third: SERIAL });
    const plan = await planned(yaml('kind: mirror, url: http://third.example/apt'));
    expect(allSources(plan, 'image').map(({ url }) => url)).toEqual([
      `http://archive.mayfly/debian/${STAMP}`,
      'http://third.example/apt',
    ]);
    expect(movingWarnings(plan)).toEqual([
      'archive.origins.third.kind is mirror: its serials in Git are not used.',
    ]);
    expect(toldSerials(plan)).toEqual({ debian: STAMP, third: 'latest' });
    expect(chooseNetwork(undefined, plan)).toBe('open');
    expect(() => chooseNetwork('archive', plan)).toThrow('archive.origins.third.kind is mirror');
    const pinned = await failure(
      Promise.resolve().then(() => checkPinned({ ...plan, pinned: true }, 'none', 'noproxy')),
    );
    expect(pinned.details).toEqual(['archive.origins.third.kind is mirror: a mirror changes']);
    await freezeTo({ debian: 'latest', third: 'latest' });
    const moving = await planned(yaml('kind: mirror, url: http://third.example/apt'));
    expect(movingWarnings(moving)[0]).toContain(
      'the newest state is used: debian; packages of third are what the mirror has now.',
    );
    const answers = ['third.example/apt/pool/x.deb', 'elsewhere.example/apt/pool/x.deb'];
    const { outside } = await usedFiles(contextIn(folder, join(folder, 'home')), plan, answers, []);
    expect(outside).toEqual(['elsewhere.example/apt/pool/x.deb']);
  });
});

describe('with a service of timestamps and a Tails-style one', () => {
  /** Both, at one port: they have the states of the mirrors, at their own addresses. */
  async function services() {
    const asked: string[] = [];
    const answers: Readonly<Record<string, string>> = {
      '/stamps/mr/timestamp/?archive=debian': JSON.stringify({ result: { debian: [STAMP] } }),
      '/serials/third/project/trace/third': `Archive serial: ${SERIAL}\n`,
    };
    const trees = [
      [`/stamps/archive/debian/${STAMP}/`, rig.mirror.url],
      [`/serials/third/${SERIAL}/`, other.url],
    ] as const;
    const server = createServer((request, response) => {
      const path = request.url ?? '';
      asked.push(path);
      const tree = trees.find(([start]) => path.startsWith(start));
      if (tree !== undefined)
        response.writeHead(302, { location: `${tree[1]}/${path.slice(tree[0].length)}` });
      else response.statusCode = answers[path] === undefined ? 404 : 200;
      response.end(answers[path]);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    onTestFinished(close);
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { asked, close, text: yaml(`kind: serials, service: '${base}/serials'`, `${base}/stamps`) };
  }

  it('a build records each from its own, serves both, and works without them then', async () => {
    const { asked, close, text } = await services();
    await freezeTo({ debian: STAMP, third: SERIAL });
    const plan = await planned(text, { strict: true });
    await close();
    expect(asked).toContain(`/stamps/archive/debian/${STAMP}/dists/trixie/InRelease`);
    expect(asked).toContain(`/serials/third/${SERIAL}/dists/stable/InRelease`);
    expect(await planned(text, { strict: true, offline: true })).toEqual(plan);
    const context = contextIn(folder, join(folder, 'home'));
    await using archive = await openArchive(context, plan, true, () => undefined);
    for (const path of [`debian/${STAMP}/dists/trixie`, `third/${SERIAL}/dists/stable`])
      expect((await request(`http://127.0.0.1:${archive.port}/${path}/InRelease`)).statusCode).toBe(200);
  });

  it('latest, freeze, show and resolve ask each its own', async () => {
    const { text } = await services();
    setEnvironment({ MAYFLY_HOME: folder, MAYFLY_TMPDIR: join(folder, 'scratch'), http_proxy: undefined });
    const { root } = await testProject({ 'builder/builder.yaml': text });
    vi.spyOn(process, 'cwd').mockReturnValue(root);
    const both = { debian: STAMP, third: SERIAL };
    const ask = async (...args: readonly string[]) => {
      const { exitCode, stdout, stderr } = await mayfly('snapshots', ...args);
      expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
      return stdout;
    };
    expect(JSON.parse(await ask('latest', '--json'))).toEqual(both);
    expect(await ask('latest', 'third', '--serials-only')).toBe(`${SERIAL}\n`);
    expect(JSON.parse(await ask('freeze', '--json'))).toEqual(both);
    expect(await ask('show', 'third', '--serials-only')).toBe(`${SERIAL}\n${SERIAL}\n`);
    await git(root, 'add', '--all');
    await git(root, 'commit', '--quiet', '--message', 'Freeze');
    expect(JSON.parse(await ask('resolve', '--json'))).toEqual(both);
    expect(await ask('resolve', '--serials-only', 'debian')).toBe(`${STAMP}\n`);
    const refused = await mayfly('snapshots', 'take');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('archive.kind in builder.yaml is timestamps');
  });
});

it('a mirror among them has no snapshots: it is left out, or refused where it is alone', async () => {
  const home = join(folder, 'home');
  const text = yaml('kind: mirror, url: http://third.example').replace('kind: timestamps', 'kind: ubuntu');
  setEnvironment({ MAYFLY_HOME: home, MAYFLY_TMPDIR: join(folder, 'scratch') });
  const { root } = await testProject({ 'builder/builder.yaml': text });
  vi.spyOn(process, 'cwd').mockReturnValue(root);
  const frozen = await mayfly('snapshots', 'freeze', '--json');
  expect(frozen).toMatchObject({ exitCode: 0 });
  expect(Object.keys(JSON.parse(frozen.stdout) as object)).toEqual(['debian']);
  expect(frozen.stderr).toContain('Left out: third, from a mirror');
  const alone = await mayfly('snapshots', 'latest', 'third');
  expect(alone.exitCode).toBe(2);
  expect(alone.stderr).toContain('archive.origins.third.kind is mirror');
});

it('local and a service in one project: each is taken or asked, and noted as such', async () => {
  const local = yaml(`kind: local, url: '${other.url}'`).replace('kind: timestamps', 'kind: ubuntu');
  setEnvironment({ MAYFLY_HOME: folder, MAYFLY_TMPDIR: join(folder, 'scratch'), http_proxy: undefined });
  const { root } = await testProject({ 'builder/builder.yaml': local });
  vi.spyOn(process, 'cwd').mockReturnValue(root);
  const taken = await mayfly('snapshots', 'take', '--json');
  expect(taken).toMatchObject({ exitCode: 0 });
  expect(taken.stderr).toContain('Left out: debian, whose snapshots the local archive does not take.');
  const latest = await mayfly('snapshots', 'latest', '--json');
  const serials = JSON.parse(latest.stdout) as Readonly<Record<string, string>>;
  expect(serials['third']).toMatch(/^\d{10}$/);
  expect(serials['debian']).toMatch(/^\d{8}T\d{6}Z$/);
  await mayfly('snapshots', 'freeze', 'third');
  // What is known of the local one is written beside its serial; a service may sign its states anew.
  const releases = join(root, 'config/APT_snapshots.d/third/InRelease.sha256');
  expect(await readFile(releases, 'utf8')).toContain('stable');
});
