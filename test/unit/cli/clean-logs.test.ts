/** `mayfly clean --logs`, on folders as builds leave them. */
import { mkdir, readdir, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beginLog, noteVm, readAbout } from '../../../src/build/record/about.js';
import { resolveHome } from '../../../src/paths.js';
import { cleanLogs, logsFinding } from '../../../src/tasks/clean-logs.js';
import { setEnvironment } from '../../rig/fake-programs.js';
import { contextIn } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

const GONE = { pid: 1, startTime: '0', bootId: 'earlier' };
const LONG_AGO = new Date('2020-01-01T00:00:00Z');

async function emptyHome(): Promise<{ readonly home: string; readonly builds: string }> {
  const home = await temporaryFolder();
  setEnvironment({ MAYFLY_HOME: home });
  return { home, builds: join(home, 'state/builds') };
}

async function addLog(builds: string, id: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(builds, id);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
    await utimes(join(folder, name), LONG_AGO, LONG_AGO);
  }
  await utimes(folder, LONG_AGO, LONG_AGO);
  return folder;
}

const about = (more: object = {}): string =>
  JSON.stringify({ schema: 1, owner: GONE, checkout: '/src/a', ...more });

const ONE = '20200101T000000Z-0001';
const TWO = '20200102T000000Z-0002';

describe('`clean --logs`', () => {
  it('removes old logs, says how much that gave back, and leaves the newest', async () => {
    const { builds } = await emptyHome();
    await addLog(builds, ONE, { 'about.json': about(), 'build.log': 'x'.repeat(2000) });
    await addLog(builds, TWO, { 'about.json': about() });
    const trial = await mayfly('clean', '--logs', '--dry-run');
    expect(trial.stdout).toBe(`Would remove the log ${ONE} of /src/a.\nWould remove one log, 2.1 kB.\n`);
    expect(await readdir(builds)).toEqual([ONE, TWO]);
    const { exitCode, stdout } = await mayfly('clean', '--logs');
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `Removed the log ${ONE} of /src/a.\nRemoved one log, 2.1 kB.\n`,
    });
    expect(await readdir(builds)).toEqual([TWO]);
    expect((await mayfly('clean', '--logs', '--older-than', '0')).stdout).toBe(
      'There is nothing to remove.\n',
    );
  });

  it.each([
    ['of a VM that is there', { 'about.json': about({ vm: 'kept' }) }],
    ['with a disk that holds artifacts', { 'about.json': about(), 'artifacts.raw': '' }],
    ['with a record that cannot be read', { 'about.json': about(), 'build.json': '{"schema": 2}' }],
    ['that says nothing', { 'events.jsonl': '' }],
    ['that says it badly', { 'about.json': '{' }],
  ])('leaves a log %s', async (_, files) => {
    const { home, builds } = await emptyHome();
    // Its record cannot be read: the name of its folder is enough.
    await mkdir(join(home, 'state/vms/kept'), { recursive: true });
    await addLog(builds, ONE, files);
    await addLog(builds, TWO, { 'about.json': about() });
    await mayfly('clean', '--logs', '--older-than', '0');
    expect(await readdir(builds)).toEqual([ONE, TWO]);
    expect((await readdir(join(builds, ONE))).sort()).toEqual(Object.keys(files).sort());
  });

  it('is done by several jobs of a host at once', async () => {
    const { home, builds } = await emptyHome();
    const ids = Array.from({ length: 20 }, (_, day) => `202001${String(day + 10)}T000000Z-0001`);
    for (const id of ids) await addLog(builds, id, { 'about.json': about() });
    const context = contextIn(home, home);
    const all = Array.from({ length: 4 }, () => cleanLogs(context, { days: 1, dryRun: false }));
    await Promise.all(all);
    expect(await readdir(builds)).toEqual(ids.slice(-1));
  });

  it('leaves what is no log, and tells of logs that nobody can place', async () => {
    const { builds } = await emptyHome();
    await mkdir(join(builds, 'notes'), { recursive: true });
    const folder = await addLog(builds, ONE, { 'events.jsonl': '' });
    const { stdout, stderr } = await mayfly('clean', '--logs', '--older-than', '0', '--json');
    expect(JSON.parse(stdout)).toEqual({ removed: [], bytes: 0, unknown: [folder] });
    expect(stderr).toContain(`Nothing tells which build ${folder} is of: it stays.`);
    expect((await readdir(builds)).sort()).toEqual([ONE, 'notes']);
  });

  it('leaves the log of this very process, which runs', async () => {
    const { builds } = await emptyHome();
    const checkout = await temporaryFolder();
    await mkdir(join(checkout, '.git'));
    await mkdir(join(checkout, 'deep/er'), { recursive: true });
    const folder = await addLog(builds, ONE, {});
    await beginLog(folder, join(checkout, 'deep/er'));
    await addLog(builds, TWO, { 'about.json': about({ checkout }) });
    await mayfly('clean', '--logs', '--older-than', '0');
    expect(await readdir(builds)).toEqual([ONE, TWO]);
    await noteVm(folder, 'x-1a2b3c');
    expect(await readAbout(folder)).toMatchObject({ checkout, vm: 'x-1a2b3c', owner: { pid: process.pid } });
  });

  it.each([[['--dry-run']], [['--older-than', '3']]])('alone knows %j', async (args) => {
    await emptyHome();
    const { exitCode, stderr } = await mayfly('clean', ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${args[0] ?? ''} needs --logs.`);
  });
});

it('doctor tells of logs that take more than 1 GB', async () => {
  const { home, builds } = await emptyHome();
  const context = contextIn(home, home);
  expect(context.home).toEqual(resolveHome({ MAYFLY_HOME: home }));
  const folder = await addLog(builds, ONE, { 'build.log': '' });
  expect(await logsFinding(context)).toMatchObject({ state: 'ok', found: '0 B of one build' });
  await truncate(join(folder, 'build.log'), 1.1e9);
  const { state, found, hint } = await logsFinding(context);
  expect({ state, found }).toEqual({ state: 'warning', found: '1.1 GB of one build' });
  expect(hint).toContain('mayfly clean --logs');
});
