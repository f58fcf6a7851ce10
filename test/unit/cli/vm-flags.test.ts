/** What `mayfly vm up` and `vm provision` hand to the code that does it: no VM is started here. */
import { afterEach, expect, it, vi } from 'vitest';
import { setEnvironment } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

type Asked = (context: unknown, journal: unknown, request: object) => Promise<string>;
const asked = vi.hoisted(() => ({
  vmUp: vi.fn<Asked>(() => Promise.resolve('id')),
  vmProvision: vi.fn<Asked>(() => Promise.resolve('id')),
}));
vi.mock('../../../src/build/vm/commands.js', () => asked);

afterEach(() => {
  vi.clearAllMocks();
});

async function request(verb: keyof typeof asked, ...flags: readonly string[]): Promise<unknown> {
  const options = { MAYFLY_BUILD_OPTIONS: undefined, TAILS_BUILD_OPTIONS: undefined };
  setEnvironment({ ...options, MAYFLY_HOME: await temporaryFolder() });
  const [, noun] = /^vm(.*)$/.exec(verb) ?? [];
  expect(await mayfly('vm', (noun ?? '').toLowerCase(), ...flags)).toMatchObject({ exitCode: 0 });
  return asked[verb].mock.lastCall?.[2];
}

it.each([
  ['vmUp', [], undefined],
  ['vmUp', ['--boot-timeout', '20m'], 20 * 60_000],
  ['vmProvision', ['--boot-timeout', '20m'], 20 * 60_000],
] as const)('%s %j: how long the VM may take to boot', async (verb, flags, bootTimeoutMs) => {
  expect(await request(verb, ...flags)).toMatchObject({ bootTimeoutMs });
});

it('vm provision has the options of vm up that are not of the VM itself', async () => {
  const words = ['--proxy', 'noproxy', '--no-merge-base-branch', '--no-ram'];
  expect(await request('vmProvision', ...words)).toMatchObject({
    flags: { proxy: 'noproxy', mergeBaseBranch: false, ram: false },
  });
  expect(await request('vmProvision', '--offline')).toMatchObject({ flags: { offline: true } });
  for (const flag of ['--force-cleanup', '--rescue', '--keep-running', '--date-offset=1', '--cpus=1'])
    expect((await mayfly('vm', 'provision', flag)).exitCode).toBe(2);
});
