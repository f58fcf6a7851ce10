/** The commands that read and write serial files, with snapshot services that need no snapshot to be taken. */
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { setEnvironment } from '../../rig/fake-programs.js';
import { testProject } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

const NOW = '20260304T050607Z';

/** The newest of such a service is that of the moment. */
async function ubuntuProject(): Promise<void> {
  vi.useFakeTimers({ now: new Date('2026-03-04T05:06:07Z'), toFake: ['Date'] });
  const home = await temporaryFolder();
  setEnvironment({ MAYFLY_HOME: home, MAYFLY_TMPDIR: join(home, 'scratch') });
  const yaml = 'name: example\narchive: {kind: ubuntu, url: "http://service.example"}\n';
  const { root } = await testProject({ 'builder/builder.yaml': yaml });
  vi.spyOn(process, 'cwd').mockReturnValue(root);
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('freeze', () => {
  it.each([
    [['debian', 'debian-security'], { debian: NOW, 'debian-security': NOW }],
    [['debian-security'], { 'debian-security': NOW }],
    [['--security'], { debian: NOW, 'debian-security': NOW }],
    [[], { debian: NOW, 'debian-security': 'latest' }],
    [['debian'], { debian: NOW }],
  ])('%j pins debian-security only when it is named or asked for', async (args, serials) => {
    await ubuntuProject();
    const frozen = await mayfly('snapshots', 'freeze', ...args, '--json');
    expect(frozen).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(frozen.stdout)).toEqual(serials);
    const shown = await mayfly('snapshots', 'show', '--json', ...Object.keys(serials));
    expect(JSON.parse(shown.stdout)).toEqual({ box: serials, image: serials });
  });
});
