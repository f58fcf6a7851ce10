/** What `mayfly vm up` hands to the code that does it: no VM is started here. */
import { afterEach, expect, it, vi } from 'vitest';
import { setEnvironment } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

type Asked = (context: unknown, journal: unknown, request: object) => Promise<string>;
const asked = vi.hoisted(() => ({ vmUp: vi.fn<Asked>(() => Promise.resolve('id')) }));
vi.mock('../../../src/build/vm/commands.js', () => asked);

afterEach(() => {
  vi.clearAllMocks();
});

async function request(verb: keyof typeof asked, ...flags: readonly string[]): Promise<unknown> {
  const options = { MAYFLY_BUILD_OPTIONS: undefined, TAILS_BUILD_OPTIONS: undefined };
  setEnvironment({ ...options, MAYFLY_HOME: await temporaryFolder() });
  const [, noun] = /^vm(.*)$/.exec(verb) ?? [];
  expect(await mayfly('vm', (noun ?? '').toLowerCase(), ...flags)).toMatchObject({ exitCode: 0 });
  return asked[verb].mock.calls[0]?.[2];
}

it.each([
  [[], undefined],
  [['--boot-timeout', '20m'], 20 * 60_000],
] as const)('vm up %j: how long the VM may take to boot', async (flags, bootTimeoutMs) => {
  expect(await request('vmUp', ...flags)).toMatchObject({ bootTimeoutMs });
});
