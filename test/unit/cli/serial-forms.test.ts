/** What the commands of serials print: for people, as JSON, the serials alone; of one origin, and of all. */
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fakeProgram, setEnvironment } from '../../rig/fake-programs.js';
import { startMirror } from '../../rig/mirror.js';
import { testProject } from '../build/plan/project.js';
import { HELLO, NEWER } from '../snapshots/local/rig.js';
import { temporaryFolder, type Files } from '../source/repository.js';
import { mayfly } from './program.js';

afterEach(() => vi.restoreAllMocks());

const LATEST: Files = Object.fromEntries(
  ['APT_snapshots.d/debian', 'APT_snapshots.d/debian-security'].flatMap((folder) =>
    ['builder/basebox', 'config'].map((parent) => [`${parent}/${folder}/serial`, 'latest\n'] as const),
  ),
);

/** A project at `latest`, and an archive with two snapshots of debian and one of debian-security. */
async function project(use: (serials: { older: string; newest: string }) => Promise<void>): Promise<void> {
  const home = await temporaryFolder();
  setEnvironment({
    MAYFLY_HOME: home,
    MAYFLY_TMPDIR: join(home, 'scratch'),
    http_proxy: undefined,
    APT_SNAPSHOTS_SERIALS: undefined,
  });
  // This host's APT may have a proxy, which cannot reach the mirror of the test.
  await fakeProgram('apt-config', ':');
  await using mirror = await startMirror(join(home, 'mirror'));
  const origin = `{url: '${mirror.url}', suites: [trixie], keyring: '${mirror.keyring}'}`;
  const yaml = `name: example
archive:
  origins:
    debian: ${origin}
    debian-security: ${origin}
build: {base_branches: [main]}
`;
  const { root } = await testProject({ ...LATEST, 'builder/builder.yaml': yaml });
  vi.spyOn(process, 'cwd').mockReturnValue(root);
  const take = async (): Promise<string> => {
    const { stdout } = await mayfly('snapshots', 'take', '--json', 'debian');
    return (JSON.parse(stdout) as readonly { serial: string }[])[0]?.serial ?? '';
  };
  await mirror.publish({ packages: [HELLO] });
  const older = await take();
  await mirror.publish({ packages: [NEWER] });
  const newest = await take();
  expect(await mayfly('snapshots', 'take', 'debian-security')).toMatchObject({ exitCode: 0 });
  await use({ older, newest });
}

/** What each tells of debian, and of debian-security; `older` is the first serial of the day, which both have. */
const COMMANDS = [
  [['show', '--image'], 'latest', 'latest'],
  [['latest'], 'newest', 'older'],
  [['resolve'], 'newest', 'older'],
  // In this order: each leaves the project as the next one wants it.
  [['freeze'], 'newest', 'latest'],
  [['thaw'], 'latest', 'latest'],
] as const;

async function checkForms(
  known: { older: string; newest: string },
  command: readonly string[],
  expected: readonly ('latest' | 'older' | 'newest')[],
): Promise<void> {
  const [debian, security] = expected.map((name) => (name === 'latest' ? name : known[name]));
  const ask = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await mayfly('snapshots', ...command, ...args);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' });
    return stdout;
  };
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const parsed = JSON.parse(await ask('--json', ...args)) as Readonly<Record<string, unknown>>;
    return command[0] === 'show' ? parsed['image'] : parsed;
  };
  expect(await json()).toEqual({ debian, 'debian-security': security });
  expect(await json('debian')).toEqual({ debian });
  expect(await ask('--serials-only')).toBe(`${debian}\n${security}\n`);
  expect(await ask('--serials-only', 'debian')).toBe(`${debian}\n`);
  expect(await ask('debian')).toMatch(new RegExp(`(^|image  )debian  ${debian}\n`));
  const wrong = await mayfly('snapshots', ...command, 'nothing');
  expect(wrong.exitCode).toBe(2);
  expect(wrong.stderr).toContain('There is no origin nothing.');
}

describe('the serials', () => {
  it('of one origin or all, for people and programs, by each command', { timeout: 120_000 }, async () => {
    await project(async (known) => {
      for (const [command, ...expected] of COMMANDS) await checkForms(known, command, expected);
    });
  });

  it('of `set`: what was written, for people and programs', async () => {
    await project(async ({ older }) => {
      const ask = async (...args: readonly string[]): Promise<string> =>
        (await mayfly('snapshots', 'set', 'debian', older, ...args)).stdout;
      expect(JSON.parse(await ask('--json'))).toEqual({ debian: older });
      expect(await ask('--serials-only')).toBe(`${older}\n`);
      expect(await ask()).toContain(`debian  ${older}\nCommit the files: `);
    });
  });
});
