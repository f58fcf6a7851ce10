import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { forwardedPort, QmpClient } from '../../../src/vm/qemu/qmp.js';
import { failure, temporaryFolder } from '../source/repository.js';

const GREETING = '{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": ["oob"]}}\r\n';

interface Command {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A control socket that answers as `answer` says. @returns its folder, and what it was asked */
async function controlSocket(answer: (command: Command, socket: Socket) => void) {
  const folder = await temporaryFolder();
  const asked: Command[] = [];
  const server = createServer((socket) => {
    socket.write(GREETING);
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().trim().split('\n')) {
        const command = JSON.parse(line) as Command;
        asked.push(command);
        if (command.execute === 'qmp_capabilities') socket.write('{"return": {}}\r\n');
        else answer(command, socket);
      }
    });
    socket.on('error', () => undefined);
  });
  // Bound by its short name in a short folder, then reached by the long one.
  await new Promise<void>((resolve) => server.listen(join(folder, 'qmp.sock'), resolve));
  onTestFinished(() => void server.close());
  return { folder, asked };
}

describe('the control socket', () => {
  it('is greeted, and answers commands in order, whatever events come between', async () => {
    const { folder, asked } = await controlSocket(({ execute }, socket) => {
      socket.write('{"event": "RTC_CHANGE", "data": {}, "timestamp": {}}\r\n');
      const answer = JSON.stringify({ return: `answer to ${execute}` });
      socket.write(answer.slice(0, 7));
      setTimeout(() => socket.write(`${answer.slice(7)}\r\n`), 5);
    });
    using client = await QmpClient.connect(folder, 'qmp.sock');
    expect(await client.execute('query-status')).toBe('answer to query-status');
    expect(await client.monitor('info usernet')).toBe('answer to human-monitor-command');
    expect(asked).toEqual([
      { execute: 'qmp_capabilities', arguments: {} },
      { execute: 'query-status', arguments: {} },
      { execute: 'human-monitor-command', arguments: { 'command-line': 'info usernet' } },
    ]);
  });

  it('passes on QEMU’s own words when it refuses', async () => {
    const { folder } = await controlSocket((_command, socket) => {
      socket.write('{"error": {"class": "CommandNotFound", "desc": "no such command"}}\r\n');
    });
    using client = await QmpClient.connect(folder, 'qmp.sock');
    expect(await failure(client.execute('nonsense'))).toMatchObject({
      kind: 'vm',
      code: 'vm.qmp',
      message: 'QEMU refused a command: no such command',
    });
  });

  it('fails what waits when QEMU goes', async () => {
    const { folder } = await controlSocket((_command, socket) => socket.destroy());
    using client = await QmpClient.connect(folder, 'qmp.sock');
    expect((await failure(client.execute('quit'))).message).toBe('QEMU closed its control socket.');
  });

  it('that is not there yet is a system error, so that the caller can try again', async () => {
    await expect(QmpClient.connect(await temporaryFolder(), 'qmp.sock')).rejects.toThrow('ENOENT');
  });
});

describe('forwardedPort', () => {
  const USERNET = `Hub -1 (net):
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  TCP[ESTABLISHED]   31       127.0.0.1 40000       10.0.2.15    22     0     0
  TCP[HOST_FORWARD]  12       127.0.0.1 41237       10.0.2.15    22     0     0
`;

  it.each([
    [USERNET, 41237],
    [USERNET.replace('10.0.2.15    22     0     0\n', '10.0.2.15    22     0     0\r\n'), 41237],
    [USERNET.replace('127.0.0.1 41237', '  0.0.0.0 41237'), undefined],
    [USERNET.replace(/HOST_FORWARD/, 'SYN_SENT'), undefined],
    ['', undefined],
  ])('%#', (text, port) => {
    expect(forwardedPort(text)).toBe(port);
  });
});
