/** The newest serial of each kind of snapshot service, asked for as people ask: what a service answers, and what follows. */
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fakeProgram, setEnvironment } from '../../rig/fake-programs.js';
import { startService } from '../../rig/snapshot-service.js';
import { testProject } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly, type Outcome } from './program.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A trace file, as mirrors have them: the line that counts is one of many. */
const trace = (serial: string): string => `Sat Jan  3 04:05:06 UTC 2026
Date: Sat, 03 Jan 2026 04:05:06 +0000
Date-Started: Sat, 03 Jan 2026 03:58:01 +0000
Creator: reprepro 5.4.6
Running on host: snapshots.example
Archive serial: ${serial}
Architectures: all amd64 source
`;

/** As Debian's service answers: each origin that was asked for, all of its timestamps, oldest first. */
const timestamps = (origin: string, newest: string): string =>
  JSON.stringify({
    _api: '0.3',
    _comment: 'foo',
    result: { [origin]: ['20050312T000000Z', '20260102T144833Z', newest] },
  });

async function service(
  kind: string,
  files: Readonly<Record<string, string>>,
  use: (ask: (...args: readonly string[]) => Promise<Outcome>, requests: readonly string[]) => Promise<void>,
): Promise<void> {
  const home = await temporaryFolder();
  setEnvironment({ MAYFLY_HOME: home, MAYFLY_TMPDIR: join(home, 'scratch'), http_proxy: undefined });
  // This host's APT may have a proxy, which cannot reach the service of the test.
  await fakeProgram('apt-config', ':');
  await using served = await startService(files);
  const yaml = `name: example\narchive: {kind: ${kind}, url: '${served.url}/base'}\n`;
  const { root } = await testProject({ 'builder/builder.yaml': yaml });
  vi.spyOn(process, 'cwd').mockReturnValue(root);
  await use((...args) => mayfly('snapshots', ...args), served.requests);
}

const SERVICES = [
  [
    'serials',
    {
      '/base/debian/project/trace/debian': trace('2026010301'),
      '/base/debian-security/project/trace/debian-security': trace('2026010302'),
    },
    ['2026010301', '2026010302'],
  ],
  [
    'timestamps',
    {
      '/base/mr/timestamp/?archive=debian': timestamps('debian', '20260103T083456Z'),
      '/base/mr/timestamp/?archive=debian-security': timestamps('debian-security', '20260103T091011Z'),
    },
    ['20260103T083456Z', '20260103T091011Z'],
  ],
  ['ubuntu', {}, ['20260103T101112Z', '20260103T101112Z']],
] as const;

describe('a snapshot service', () => {
  it.each(SERVICES)('of the kind %s is asked for the newest, and frozen to', async (kind, files, newest) => {
    vi.useFakeTimers({ now: new Date('2026-01-03T10:11:12.345Z'), toFake: ['Date'] });
    await service(kind, files, async (ask, requests) => {
      const [debian, security] = newest;
      const latest = await ask('latest', '--json');
      expect(latest).toMatchObject({ exitCode: 0, stderr: '' });
      expect(JSON.parse(latest.stdout)).toEqual({ debian, 'debian-security': security });
      expect([...requests].sort()).toEqual(Object.keys(files).sort());
      const frozen = await ask('freeze', '--json');
      expect(frozen).toMatchObject({ exitCode: 0, stderr: '' });
      expect(JSON.parse(frozen.stdout)).toEqual({ debian, 'debian-security': 'latest' });
      expect((await ask('show', '--serials-only')).stdout).toBe(`${debian}\nlatest\n`.repeat(2));
    });
  });

  it.each([
    ['serials', { '/base/debian/project/trace/debian': 'Date: today\n' }],
    ['serials', { '/base/debian/project/trace/debian': trace('soon') }],
    ['timestamps', { '/base/mr/timestamp/?archive=debian': '{"_api":"0.3","result":{}}' }],
    ['timestamps', { '/base/mr/timestamp/?archive=debian': '<!DOCTYPE html><title>Wait</title>' }],
  ])('of the kind %s that names none is told of', async (kind, files) => {
    await service(kind, files, async (ask) => {
      const { exitCode, stdout, stderr } = await ask('latest', 'debian');
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).toContain(`${Object.keys(files)[0]} names no newest serial of debian.`);
      expect(stderr).toContain('Is archive.kind in builder.yaml the right one for this service?');
    });
  });

  it('that is another one is told of with its address', async () => {
    await service('serials', {}, async (ask) => {
      const { exitCode, stderr } = await ask('freeze');
      expect(exitCode).toBe(3);
      expect(stderr).toContain('/base/debian/project/trace/debian (HTTP 404)');
    });
  });
});
