import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasBanner, masterAnswers, sshArguments, sshRun, type SshTarget } from '../../../src/process/ssh.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';

const TARGET: SshTarget = {
  host: '127.0.0.1',
  port: 40022,
  user: 'root',
  folder: '/state/vms/one',
  keyFile: 'id_ed25519',
  knownHosts: 'known_hosts',
  socket: 'ssh.sock',
};

/** A server on a free port. */
async function server(onConnection: (socket: Socket) => void): Promise<number> {
  const listening = createServer(onConnection);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void listening.close());
  return (listening.address() as AddressInfo).port;
}

describe('the arguments of ssh', () => {
  it('trust the one known key only, and read nobody’s configuration', () => {
    expect(sshArguments(TARGET, ['sh', '-s', '--', 'A=b c'], ['-n'])).toMatchInlineSnapshot(`
      [
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "IdentityFile=id_ed25519",
        "-o",
        "UserKnownHostsFile=known_hosts",
        "-o",
        "GlobalKnownHostsFile=/dev/null",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "HostKeyAlias=mayfly-builder",
        "-o",
        "HostKeyAlgorithms=ssh-ed25519",
        "-o",
        "KexAlgorithms=curve25519-sha256",
        "-o",
        "Ciphers=chacha20-poly1305@openssh.com,aes128-gcm@openssh.com",
        "-o",
        "ControlPath=ssh.sock",
        "-o",
        "ConnectTimeout=120",
        "-o",
        "ServerAliveInterval=15",
        "-o",
        "ServerAliveCountMax=40",
        "-o",
        "LogLevel=ERROR",
        "-p",
        "40022",
        "-n",
        "root@127.0.0.1",
        "--",
        "sh -s -- 'A=b c'",
      ]
    `);
  });

  it('quote the command: sshd hands it to a shell', () => {
    const last = (command: readonly string[]) => sshArguments(TARGET, command).at(-1);
    expect(last(['echo', "it's; rm -rf /", '$HOME'])).toBe(`echo 'it'\\''s; rm -rf /' '$HOME'`);
  });
});

describe('sshRun', () => {
  it('runs in the folder of the VM, over the shared connection only as its guest', async () => {
    const folder = await temporaryFolder();
    const ssh = await fakeProgram('ssh', 'pwd; cat; exit 9');
    const result = await sshRun({ ...TARGET, folder }, ['sh'], { input: 'script', accept: [9] });
    expect(result).toMatchObject({ exitCode: 9, stdout: `${folder}\nscript` });
    const [call = []] = await ssh.calls();
    expect(call.slice(-5)).toEqual(['-o', 'ControlMaster=no', 'root@127.0.0.1', '--', 'sh']);
  });

  it('asks the master whether it answers', async () => {
    const target = { ...TARGET, folder: await temporaryFolder() };
    const ssh = await fakeProgram('ssh', 'exit 0');
    expect(await masterAnswers(target, new AbortController().signal)).toBe(true);
    expect((await ssh.calls())[0]?.slice(-3)).toEqual(['-O', 'check', 'root@127.0.0.1']);
    await fakeProgram('ssh', 'exit 255');
    expect(await masterAnswers(target, new AbortController().signal)).toBe(false);
  });
});

const at = (port: number) => ({ host: '127.0.0.1', port, folder: '/' });

describe('hasBanner', () => {
  it('is true for something that speaks SSH', async () => {
    const port = await server((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await hasBanner(at(port), AbortSignal.timeout(2000))).toBe(true);
  });

  it.each([
    ['speaks something else', (socket: Socket) => void socket.end('HTTP/1.0 400\r\n')],
    ['closes at once', (socket: Socket) => void socket.destroy()],
  ])('is false for something that %s', async (_name, behave) => {
    expect(await hasBanner(at(await server(behave)), AbortSignal.timeout(2000))).toBe(false);
  });

  it('does not wait for ever for something that says nothing', async () => {
    const sockets: Socket[] = [];
    const port = await server((socket) => sockets.push(socket));
    const started = performance.now();
    expect(await hasBanner(at(port), AbortSignal.timeout(150))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1500);
    for (const socket of sockets) socket.destroy();
  });

  it('asks a command where one leads there', async () => {
    const through = (...command: readonly string[]) => ({ ...at(1), through: command });
    expect(await hasBanner(through('sh', '-c', 'echo SSH-2.0-x; sleep 60'), AbortSignal.timeout(5000))).toBe(
      true,
    );
    expect(
      await hasBanner(through('sh', '-c', 'echo no route >&2; exit 255'), AbortSignal.timeout(5000)),
    ).toBe(false);
    expect(await hasBanner(through('sleep', '60'), AbortSignal.timeout(150))).toBe(false);
  });

  it('is false where nothing listens', async () => {
    expect(await hasBanner(at(1), AbortSignal.timeout(2000))).toBe(false);
  });
});
