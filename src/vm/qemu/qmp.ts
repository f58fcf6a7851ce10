/** A client of the QEMU Machine Protocol (docs/interop/qmp-spec in QEMU's tree), as much of it as we use. */
import { closeSync, constants, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { MayflyError } from '../../errors.js';
import { LineSplitter } from '../../process/lines.js';

const message = z.looseObject({
  QMP: z.unknown().optional(),
  return: z.unknown().optional(),
  error: z.object({ class: z.string(), desc: z.string() }).optional(),
  event: z.string().optional(),
  data: z.unknown().optional(),
});

/** Receives what QEMU tells without being asked. */
export type OnEvent = (event: string, data: unknown) => void;

/** Milliseconds that QEMU may take for one answer. */
const ANSWER_MS = 60_000;

export class QmpClient implements Disposable {
  readonly #waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];

  private constructor(
    private readonly socket: Socket,
    private readonly onEvent: OnEvent,
  ) {
    const splitter = new LineSplitter((line) => this.#receive(line));
    socket.on('data', (chunk) => splitter.push(Buffer.from(chunk)));
    const fail = (): void => this.#failAll('QEMU closed its control socket.');
    socket.on('error', fail);
    socket.on('close', fail);
  }

  /**
   * @param folder where QEMU runs @param name the socket's file name in it. Reached through
   * /proc/self/fd, as a socket's path may hold 108 bytes only (unix(7)).
   */
  static async connect(folder: string, name: string, onEvent: OnEvent = () => undefined): Promise<QmpClient> {
    const handle = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const socket = await new Promise<Socket>((resolve, reject) => {
        const candidate = connect(`/proc/self/fd/${handle}/${name}`);
        candidate.once('error', reject);
        candidate.once('connect', () => {
          candidate.removeListener('error', reject);
          resolve(candidate);
        });
      });
      const client = new QmpClient(socket, onEvent);
      await client.#next();
      await client.execute('qmp_capabilities');
      return client;
    } finally {
      closeSync(handle);
    }
  }

  /** @throws MayflyError `vm.qmp` with QEMU's own words */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const answer = this.#next();
    this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return answer;
  }

  /** A command of the human monitor, for what QMP has no command of its own. */
  async monitor(line: string): Promise<string> {
    return z.string().parse(await this.execute('human-monitor-command', { 'command-line': line }));
  }

  /** A client that only listens must not keep mayfly running. */
  unref(): void {
    this.socket.unref();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new MayflyError('vm', 'vm.qmp', `QEMU did not answer within ${ANSWER_MS / 1000} s.`));
      }, ANSWER_MS);
      this.#waiting.push({
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  #receive(line: string): void {
    if (line.trim() === '') return;
    const parsed = message.parse(JSON.parse(line));
    if (parsed.event !== undefined) {
      this.onEvent(parsed.event, parsed.data);
      return;
    }
    const waiter = this.#waiting.shift();
    if (parsed.error !== undefined) {
      waiter?.reject(new MayflyError('vm', 'vm.qmp', `QEMU refused a command: ${parsed.error.desc}`));
    } else {
      waiter?.resolve(parsed.return);
    }
  }

  #failAll(reason: string): void {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(new MayflyError('vm', 'vm.qmp', reason));
  }
}

/** The host's port that is forwarded to the guest's port 22, from `info usernet`. */
export function forwardedPort(usernet: string): number | undefined {
  const line = /^\s*TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+22\s/m.exec(usernet);
  return line === null ? undefined : Number(line[1]);
}
