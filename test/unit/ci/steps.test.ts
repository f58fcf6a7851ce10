/** ci/steps.sh with a mayfly that only notes what it is asked: which commands, in which order, and what stays behind. */
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { fakeProgram, type FakeProgram } from '../../rig/fake-programs.js';
import { startStep, type RunningStep, type StepOutcome } from '../../rig/steps.js';
import { git, repository, temporaryFolder } from '../source/repository.js';

/** It fails, or waits for its end, where it is told to. */
const MAYFLY = `case "$1 $2" in
  'snapshots list') cat "$FAKE/tags.json" ;;
  'build --artifacts')
    printf '%s' "\${APT_SNAPSHOTS_SERIALS-none}" > "$FAKE/serials"
    printf '{"archive":{"serials":%s},"plan":{"source":{"featureCommit":"%s","ref":{"kind":"branch","name":"main"}},"archive":{"kind":"%s"%s},"environment":{"X":"\\"kind\\": \\"local\\""}}}' "$FAKE_USED" "$(git rev-parse HEAD)" "$FAKE_KIND" "$FAKE_ORIGINS" > "$3/build.json"
    ;;
  'snapshots export') echo bundle > "$4" ;;
esac
if [ "\${FAKE_WAIT:-}" = "$1 $2" ]; then
  trap 'exit 130' TERM
  : > "$FAKE/waiting"
  sleep 60 &
  wait
fi
[ "\${FAKE_FAILS:-}" != "$1 $2" ] || exit 7`;

/** What a build says that it used. */
const USED = '{"debian":{"box":"2026010101","image":"2026010203"}}';
const TAG = /^ci-(\d{8})-[0-9a-f]{12}-[0-9a-f]{12}$/;
const VARIATIONS = '--cpus 1 --cpu-model Nehalem --machine-type pc-q35-6.2 --date-offset +31'.split(' ');

let folder: string;
let source: string;
let fake: FakeProgram;

beforeEach(async () => {
  folder = await temporaryFolder();
  source = await repository(join(folder, 'source'));
  fake = await fakeProgram('mayfly', MAYFLY);
  await tags();
});

/** What the local archive has. */
const tags = async (...names: readonly string[]): Promise<void> => {
  const all = names.map((tag) => ({ tag, project: 'example', createdAt: '2026-01-02T03:04:05.000Z' }));
  await writeFile(join(folder, 'tags.json'), `${JSON.stringify(all, null, 2)}\n`);
};

type Variables = Readonly<Record<string, string>>;

const start = (args: readonly string[], env: Variables): RunningStep =>
  startStep(args, source, { FAKE: folder, FAKE_KIND: 'local', FAKE_ORIGINS: '', FAKE_USED: USED, ...env });

const AGAIN = ['again', '../second', '../first/inputs'];
const build = (env: Variables = {}): Promise<StepOutcome> => start(['build', '../first'], env).outcome;
const again = (env: Variables = {}): Promise<StepOutcome> => start(AGAIN, env).outcome;

/** What was asked for but for the tidying before; the one tag that is named is TAG. */
async function asked(): Promise<readonly (readonly string[])[]> {
  const calls = await fake.calls();
  const named = new Set(calls.flat().filter((word) => TAG.test(word)));
  expect(named.size).toBeLessThan(2);
  return calls
    .filter(([noun, verb]) => noun !== 'box' && noun !== 'clean' && verb !== 'list')
    .map((call) => call.map((word) => word.replace(TAG, 'TAG').replace(folder, '')));
}

const exists = (path: string): Promise<boolean> =>
  access(join(folder, path)).then(
    () => true,
    () => false,
  );

const serials = (): Promise<string> => readFile(join(folder, 'serials'), 'utf8');

const FIRST = ['build', '--artifacts', '/first', '--junit', '/first/junit.xml'];
const SECOND = ['build', '--artifacts', '/second', '--junit', '/second/junit.xml'];
const TAGGED = ['snapshots', 'tag', 'TAG', '--record', '/first/build.json'];
const EXPORTED = ['snapshots', 'export', 'TAG', '/first/inputs/snapshots.bundle'];
const IMPORTED = ['snapshots', 'import', '/first/inputs/snapshots.bundle', '--as', 'TAG'];
const UNTAGGED = ['snapshots', 'untag', 'TAG'];
const BUNDLE = { MAYFLY_CI_BUNDLE: 'yes' };

/** What the first agent leaves. */
async function inputs(bundle: boolean): Promise<void> {
  const at = join(folder, 'first/inputs');
  await mkdir(at, { recursive: true });
  const head = await git(source, 'rev-parse', 'HEAD');
  const files = { commit: head, branch: 'main', base: '', 'serials.json': '{"debian":"2026010203"}' };
  for (const [name, text] of Object.entries(files)) await writeFile(join(at, name), text);
  if (bundle) await writeFile(join(at, 'snapshots.bundle'), 'bundle');
}

describe('the first build', () => {
  it('makes no bundle unless it is to', async () => {
    for (const env of [{}, { MAYFLY_CI_BUNDLE: '' }, { MAYFLY_CI_BUNDLE: 'no' }]) {
      expect(await build(env)).toMatchObject({ exitCode: 0 });
    }
    expect(await asked()).toEqual([FIRST, FIRST, FIRST]);
  });

  it('is told no serials, and leaves those that it used, whatever was there before', async () => {
    await inputs(false);
    const used = {
      debian: { box: '2026010101', image: '2026010401' },
      'debian-security': { box: 'latest', image: '20260104T030405Z' },
    };
    expect(await build({ FAKE_USED: JSON.stringify(used) })).toMatchObject({ exitCode: 0 });
    expect(await serials()).toBe('none');
    const left = await readFile(join(folder, 'first/inputs/serials.json'), 'utf8');
    expect(JSON.parse(left)).toEqual({ debian: '2026010401', 'debian-security': '20260104T030405Z' });
    expect(await again()).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(await serials())).toEqual(JSON.parse(left));
  });

  it('has the serials that the CI system names', async () => {
    expect(await build({ APT_SNAPSHOTS_SERIALS: '{"debian":"2026010501"}' })).toMatchObject({ exitCode: 0 });
    expect(await serials()).toBe('{"debian":"2026010501"}');
  });

  it.each(['latest', '1.0'])('that used what no serial names (%s) fixes none', async (image) => {
    const FAKE_USED = JSON.stringify({ debian: { box: '2026010101', image } });
    expect(await build({ FAKE_USED })).toMatchObject({ exitCode: 0 });
    expect(await again()).toMatchObject({ exitCode: 0 });
    expect(await serials()).toBe('none');
  });

  it('leaves its snapshots beside its inputs, and no tag', async () => {
    expect(await build(BUNDLE)).toMatchObject({ exitCode: 0 });
    expect(await asked()).toEqual([FIRST, TAGGED, EXPORTED, UNTAGGED]);
    expect(await exists('first/inputs/snapshots.bundle')).toBe(true);
  });

  it('needs none where all agents use one service, and leaves none of an earlier one', async () => {
    await inputs(true);
    expect(await build({ ...BUNDLE, FAKE_KIND: 'serials' })).toMatchObject({ exitCode: 0 });
    expect(await asked()).toEqual([FIRST]);
    expect(await exists('first/inputs/snapshots.bundle')).toBe(false);
  });

  it.each([
    ['serials', 'local', true],
    ['local', 'serials', true],
    ['local', 'mirror', false],
    ['serials', 'mirror', false],
  ])('of the kind %s and one origin of the kind %s: snapshots are carried: %s', async (all, own, carries) => {
    await inputs(true);
    const origins = `,"origins":[{},{"address":{"kind":"${own}"}}]`;
    const ended = await build({ ...BUNDLE, FAKE_KIND: all, FAKE_ORIGINS: origins });
    expect(ended).toMatchObject({ exitCode: 0 });
    expect((await asked()).some(([, verb]) => verb === 'export')).toBe(carries);
  });

  it('that fails has nothing to tag, and no serials', async () => {
    await inputs(true);
    expect(await build({ ...BUNDLE, FAKE_FAILS: 'build --artifacts' })).toMatchObject({ exitCode: 7 });
    expect(await asked()).toEqual([FIRST]);
    expect(await exists('first/inputs/serials.json')).toBe(false);
  });

  it.each([
    ['tagged', 'snapshots tag', [TAGGED]],
    ['exported', 'snapshots export', [TAGGED, EXPORTED]],
  ])('fails when what it used cannot be %s, and leaves no tag', async (_, command, calls) => {
    expect(await build({ ...BUNDLE, FAKE_FAILS: command })).toMatchObject({ exitCode: 7 });
    expect(await asked()).toEqual([FIRST, ...calls, UNTAGGED]);
  });

  it('is none when nobody can say whether there is to be a bundle', async () => {
    const { exitCode, all } = await build({ MAYFLY_CI_BUNDLE: 'true' });
    expect(exitCode).toBe(2);
    expect(all).toContain('MAYFLY_CI_BUNDLE is yes or no, not true');
    expect(await fake.calls()).toEqual([]);
  });

  it('has a tag of its own', async () => {
    await build(BUNDLE);
    await build(BUNDLE);
    const names = (await fake.calls()).flat().filter((word) => TAG.test(word));
    expect(new Set(names).size).toBe(2);
    const head = (await git(source, 'rev-parse', 'HEAD')).slice(0, 12);
    for (const name of names) expect(name).toContain(`-${head}-`);
  });
});

describe('the second build', () => {
  it('is of the serials where there is no bundle', async () => {
    await inputs(false);
    expect(await again()).toMatchObject({ exitCode: 0 });
    expect(await asked()).toEqual([[...SECOND, ...VARIATIONS]]);
    expect(await serials()).toBe('{"debian":"2026010203"}');
  });

  it('is of what the bundle holds, whatever serials somebody names, and leaves no tag', async () => {
    await inputs(true);
    expect(await again({ APT_SNAPSHOTS_SERIALS: '{"debian":"2020010101"}' })).toMatchObject({ exitCode: 0 });
    expect(await asked()).toEqual([IMPORTED, [...SECOND, '--snapshots', 'TAG', ...VARIATIONS], UNTAGGED]);
    expect(await serials()).toBe('none');
    expect(await exists('first/inputs/snapshots.bundle')).toBe(true);
  });

  it.each([
    ['import', 'snapshots import', []],
    ['build', 'build --artifacts', [[...SECOND, '--snapshots', 'TAG', ...VARIATIONS]]],
  ])('whose %s fails does so, and leaves no tag', async (_, command, calls) => {
    await inputs(true);
    expect(await again({ FAKE_FAILS: command })).toMatchObject({ exitCode: 7 });
    expect(await asked()).toEqual([IMPORTED, ...calls, UNTAGGED]);
  });

  it('is not called a failure by a tag that cannot be removed', async () => {
    await inputs(true);
    expect(await again({ FAKE_FAILS: 'snapshots untag' })).toMatchObject({ exitCode: 0 });
  });

  it('that is stopped leaves no tag', async () => {
    await inputs(true);
    const job = start(AGAIN, { FAKE_WAIT: 'build --artifacts' });
    await expect.poll(() => exists('waiting'), { timeout: 20_000 }).toBe(true);
    job.stop();
    expect(await job.outcome).toMatchObject({ exitCode: 143 });
    expect((await asked()).at(-1)).toEqual(UNTAGGED);
  });
});

describe('before a build', () => {
  it('goes what jobs left that were killed days ago, and nothing else', async () => {
    const day = (ago: number): string =>
      new Date(Date.now() - ago * 24 * 3600 * 1000).toISOString().slice(0, 10).replaceAll('-', '');
    const of = (ago: number): string => `ci-${day(ago)}-0123456789ab-ba9876543210`;
    await tags(
      '1.0',
      of(400),
      of(3),
      of(1),
      of(0),
      'ci-20200101',
      'ci-20200101-release',
      'my-ci-20200101-a-b',
    );
    await inputs(false);
    expect(await build()).toMatchObject({ exitCode: 0 });
    expect(await again({ FAKE_FAILS: 'snapshots untag' })).toMatchObject({ exitCode: 0 });
    const gone = (await fake.calls()).filter(([, verb]) => verb === 'untag').map(([, , name]) => name);
    expect(gone).toEqual([of(400), of(3), of(400), of(3)]);
  });

  it.each([
    ['four months', {}, '122'],
    ['MAYFLY_CI_KEEP_DAYS', { MAYFLY_CI_KEEP_DAYS: '30' }, '30'],
  ])('go base boxes and logs that are older than %s', async (_, env, days) => {
    await inputs(false);
    const cleaned = [
      ['box', 'clean', '--older-than', days],
      ['clean', '--logs', '--older-than', days],
    ];
    expect(await build(env)).toMatchObject({ exitCode: 0 });
    expect((await fake.calls()).slice(0, 2)).toEqual(cleaned);
    expect(await again(env)).toMatchObject({ exitCode: 0 });
    expect((await fake.calls()).filter(([, flag]) => flag === '--logs')).toEqual([cleaned[1], cleaned[1]]);
  });

  it('a local archive that cannot be read is told', async () => {
    expect(await build({ FAKE_FAILS: 'snapshots list' })).toMatchObject({ exitCode: 7 });
    expect(await asked()).toEqual([]);
  });
});
