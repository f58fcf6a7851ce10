/** What the commands of serial files and of holds say of what they did. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BuildPlan } from '../../../src/build/plan/plan.js';
import { writtenLines } from '../../../src/cli/written.js';
import { archiveFolder, resolveHome } from '../../../src/paths.js';
import { archiveParts } from '../../../src/snapshots/local/layout.js';
import { addSnapshot } from '../../../src/snapshots/local/snapshot.js';
import { addTag } from '../../../src/snapshots/local/tag.js';
import { setEnvironment } from '../../rig/fake-programs.js';
import { testProject } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

const SERIAL = '2026010203';
let archive: string;

beforeEach(async () => {
  const home = await temporaryFolder();
  setEnvironment({ MAYFLY_HOME: home, MAYFLY_TMPDIR: join(home, 'scratch') });
  const { root } = await testProject();
  vi.spyOn(process, 'cwd').mockReturnValue(root);
  archive = archiveFolder(resolveHome({ MAYFLY_HOME: home }));
  await addSnapshot(archiveParts(archive).snapshots, {
    schema: 1,
    origin: 'debian',
    serial: SERIAL,
    takenAt: '2026-01-02T03:04:05.000Z',
    upstream: 'http://mirror.example/debian',
    components: [],
    architectures: [],
    suites: [],
  });
});

afterEach(() => vi.restoreAllMocks());

describe('serial files', () => {
  it('that were set or thawed are printed, with the next step', async () => {
    const set = await mayfly('snapshots', 'set', 'debian', SERIAL, '--image');
    expect(set).toEqual({
      exitCode: 0,
      stdout: `debian  ${SERIAL}\nCommit the files: git add config/APT_snapshots.d/debian && git commit\n`,
      stderr: '',
    });
    const { stdout } = await mayfly('snapshots', 'thaw', 'debian');
    expect(stdout).toContain('debian  latest\n');
    expect(stdout).toContain(
      'git add builder/basebox/APT_snapshots.d/debian config/APT_snapshots.d/debian &&',
    );
  });

  it('that are set to what is not here are written, with a warning', async () => {
    const { exitCode, stderr } = await mayfly('snapshots', 'set', 'debian', '2020010101');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('The local archive has no snapshot 2020010101 of debian');
    expect((await mayfly('snapshots', 'show', '--serials-only', 'debian')).stdout).toBe(
      '2020010101\n2020010101\n',
    );
  });

  it('in folders with strange names can be pasted into a shell', () => {
    expect(writtenLines({ debian: 'latest' }, ["/here/it's new"], '/here')[1]).toContain(
      `git add 'it'\\''s new' && git commit`,
    );
    expect(writtenLines({}, [], '/here')).toEqual(['Nothing was written.']);
  });
});

describe('a hold', () => {
  it('is told, and so is its end', async () => {
    const held = await mayfly('snapshots', 'hold', 'debian', SERIAL);
    expect(held).toMatchObject({ exitCode: 0 });
    expect(held.stdout).toContain(`Held: the snapshot ${SERIAL} of debian`);
    const ended = await mayfly('snapshots', 'unhold', 'debian', SERIAL);
    expect(ended.stdout).toBe(`No longer held: the snapshot ${SERIAL} of debian.\n`);
  });
});

describe('a tag', () => {
  it('is listed with what it was made of, and can be let go', async () => {
    expect((await mayfly('snapshots', 'list', '--tags')).stdout).toBe('There are no tags yet.\n');
    expect((await mayfly('snapshots', 'list', '--tags', '--json')).stdout).toBe('[]\n');
    const file = {
      origin: 'debian',
      serial: SERIAL,
      path: 'pool/a.deb',
      sha256: 'ab'.repeat(32),
      bytes: 2000,
    };
    const about = {
      tag: '1.0',
      project: 'example',
      commit: 'c'.repeat(40),
      createdAt: '2026-01-02T03:04:05.000Z',
    };
    const serials = { debian: { box: SERIAL, image: SERIAL } };
    await addTag(archive, { schema: 1, ...about, serials, snapshots: {}, files: [file], record: {} });
    expect((await mayfly('snapshots', 'list', '--tags')).stdout).toBe(
      '1.0  2026-01-02 03:04  example, commit cccccccccccc  2.0 kB\n',
    );
    const { stdout } = await mayfly('snapshots', 'list', '--tags', '--json');
    expect(JSON.parse(stdout)).toEqual([{ ...about, serials, files: 1, bytes: 2000 }]);
    expect(await mayfly('snapshots', 'untag', '1.0')).toMatchObject({ exitCode: 0 });
    expect((await mayfly('snapshots', 'list', '--tags', '--json')).stdout).toBe('[]\n');
  });

  it('that is not here can be built from by nobody', async () => {
    const { exitCode, stderr } = await mayfly('plan', '--snapshots', '1.0');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('The local archive has no tag 1.0.');
  });
});

describe('a plan', () => {
  it('tells, in words and in JSON, what it is frozen to and this host has not stored', async () => {
    await rm(archiveParts(archive).snapshots, { recursive: true });
    const { exitCode, stdout } = await mayfly('plan');
    expect(exitCode).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('debian 2026010301 (not stored here; base box: ');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'warning: Not stored on this host: debian 2026010203, debian 2026010301,',
    );
    const json = await mayfly('plan', '--offline', '--json');
    const made = JSON.parse(json.stdout) as BuildPlan;
    expect(made.archive.origins.map(({ image }) => image.missing)).toEqual(['unknown', 'unknown']);
    expect(made.warnings.join('\n')).toContain('A build with --offline is refused.');
  });
});
