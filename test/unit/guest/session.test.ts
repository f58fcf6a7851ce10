import { describe, expect, it } from 'vitest';
import { runScript, vmDied, type ScriptOptions, type VmEnd } from '../../../src/guest/session.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure } from '../source/repository.js';
import { guestSession } from './session.js';

async function script(body: string, gone?: () => VmEnd | undefined, signal = new AbortController().signal) {
  const ssh = await fakeProgram('ssh', `secret=$(sed -n 's/^MF_SECRET=//p')\n${body}`);
  const lines: string[] = [];
  const onLine: ScriptOptions['onLine'] = (line, stream) => lines.push(`${stream} ${line}`);
  const guest = await guestSession(gone);
  const options = { signal, onLine, args: ['NAME=a value'] };
  return { ssh, lines, guest, outcome: runScript(guest, 'provision', {}, options) };
}

describe('a script in the guest', () => {
  it('is handed to a shell with its arguments; its output comes line by line', async () => {
    const { ssh, lines, outcome } = await script('echo one; echo two >&2; exit 0');
    expect(await outcome).toEqual({ exitCode: 0 });
    expect(lines.sort()).toEqual(['stderr two', 'stdout one']);
    expect((await ssh.calls())[0]?.at(-1)).toBe("sh -s -- 'NAME=a value'");
  });

  it.each([1, 7, 70, 125])('has its own exit code: %i', async (code) => {
    expect(await (await script(`exit ${code}`)).outcome).toEqual({ exitCode: code });
  });

  it('that ends with 255 is no broken connection, when it says that it ended', async () => {
    const { lines, outcome } = await script('echo "mayfly-ended $secret 255" >&2; exit 255');
    expect(await outcome).toEqual({ exitCode: 255, ended: true });
    expect(lines).toEqual([]);
    const broken = await script('echo "mayfly-ended 00 255" >&2; exit 255');
    expect(await failure(broken.outcome)).toMatchObject({ kind: 'vm', code: 'vm.connection' });
  });

  it('that fails in our own words is such a failure, and the line is not shown', async () => {
    const { lines, outcome } = await script(
      'echo before >&2; echo "mayfly-failure $secret guest.no-script provision/x y" >&2; exit 70',
    );
    expect(await outcome).toEqual({
      exitCode: 70,
      failure: { code: 'guest.no-script', text: 'provision/x y' },
    });
    expect(lines).toEqual(['stderr before']);
  });

  it.each([
    ['with another exit code', 'echo "mayfly-failure $secret guest.clone x" >&2; exit 1', { exitCode: 1 }],
    ['on stdout', 'echo "mayfly-failure $secret guest.clone x"; exit 70', { exitCode: 70 }],
    ['within a line', 'echo "x mayfly-failure $secret guest.clone x" >&2; exit 70', { exitCode: 70 }],
    ['with a strange code', 'echo "mayfly-failure $secret Guest/../ x" >&2; exit 70', { exitCode: 70 }],
    ['without the secret', 'echo "mayfly-failure guest.wrong-branch x" >&2; exit 70', { exitCode: 70 }],
    ['with another secret', 'echo "mayfly-failure 00ff guest.clone x" >&2; exit 70', { exitCode: 70 }],
  ])('a line of the project’s that looks like ours does not count %s', async (_name, body, expected) => {
    const { lines, outcome } = await script(body);
    expect(await outcome).toEqual(expected);
    // Nothing of the project's output is ever swallowed.
    if (!body.includes('$secret')) expect(lines).toHaveLength(1);
  });

  it('whose VM ends meanwhile says so, with the console', async () => {
    const { guest, outcome } = await script('exit 255', () => ({
      reason: 'qemu-system-x86_64 was killed by SIGKILL',
      hostDiskFull: false,
    }));
    expect(await failure(outcome)).toMatchObject({
      kind: 'vm',
      code: 'vm.died',
      message: 'The VM ended while it was in use: qemu-system-x86_64 was killed by SIGKILL.',
      log: guest.console,
    });
  });

  it('whose ssh is killed is an error also when the VM lives', async () => {
    expect((await failure((await script('kill -KILL $$')).outcome)).message).toContain('killed by SIGKILL');
  });

  it('stops when somebody interrupts', async () => {
    const abort = new AbortController();
    const { outcome } = await script('sleep 60', undefined, abort.signal);
    setTimeout(() => abort.abort(), 100);
    expect(await failure(outcome)).toMatchObject({ kind: 'interrupted' });
  });
});

it('a VM that died says what to look at', async () => {
  const killed = vmDied({ reason: 'it was killed', hostDiskFull: false }, await guestSession());
  expect(killed).toMatchObject({ kind: 'vm', code: 'vm.died' });
  expect(killed.message).toContain('it was killed');
  expect(killed.hint).toContain('dmesg');
  const full = vmDied({ reason: 'it was killed', hostDiskFull: true }, await guestSession());
  expect(full).toMatchObject({ kind: 'host', code: 'host.disk-full' });
});
