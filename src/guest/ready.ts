/** Waits until a VM can be worked in: SSH answers. Says why when it never will. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAborted, MayflyError, messageOf, throwIfAborted } from '../errors.js';
import { logTail, type Service } from '../process/service.js';
import { deadline as deadlineOf } from '../process/deadline.js';
import { hasBanner, masterAnswers, openMaster, type Tunnel } from '../process/ssh.js';
import { vmDied, type GuestSession, type VmEnd } from './session.js';
import { sanitizeLine } from '../report/sanitize.js';
import { listenFor, mayAsk } from './sshd-hint.js';

export interface ReadyOptions {
  /** Milliseconds until the guest must answer. */
  readonly timeoutMs: number;
  /** What of this host the guest may reach, and at which ports of its own loopback. */
  readonly tunnels: readonly Tunnel[];
  /** Receives ssh's own messages. */
  readonly sshLog: string;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/**
 * Milliseconds that one try waits for a guest that has been asked for so long. Tries overlap, as a guest whose network
 * is not up yet swallows the first packets; and they are few, as sshd forks for each. The longer it takes, the longer one
 * waits: a guest on a loaded host that was hung up on each time would answer nobody. Pure.
 */
export const bannerMs = (askedForMs: number): number => Math.max(3000, askedForMs / 4);
const TRY_EVERY_MS = 1000;
const MOST_TRIES = 3;
/** Between looks at the console, at the shared connection's socket, and between two connections. */
const LOOK_EVERY_MS = 200;
const PAUSE_MS = 50;
const AGAIN_MS = 300;
/** Lines of the console that are looked at, and that are shown. */
const LONG_TAIL = 200;
const SHORT_TAIL = 15;

/**
 * @returns the shared connection; end it before the VM is stopped
 * @throws MayflyError `vm.boot-failed` when the VM ends first, `vm.boot-timeout` when SSH never answers
 */
export async function waitUntilReady(guest: GuestSession, options: ReadyOptions): Promise<Service> {
  const deadline = Date.now() + options.timeoutMs;
  await waitForSshd(guest, options, deadline);
  const socket = join(guest.ssh.folder, guest.ssh.socket);
  // A session that has just been cut off may hold a port for a while.
  let taken: number | undefined;
  for (;;) {
    const master = await openMaster(guest.ssh, options.sshLog, options.tunnels);
    try {
      while (master.exit === undefined) {
        if (existsSync(socket) && (await masterAnswers(guest.ssh, options.signal))) return master;
        await check(guest, options, deadline);
        await sleep(PAUSE_MS);
      }
    } catch (error) {
      await master.end(1000);
      throw error;
    }
    await check(guest, options, deadline);
    const port = takenPort(logTail(options.sshLog));
    if (port !== undefined && Date.now() - (taken ??= Date.now()) > TAKEN_MS) throw portTaken(port);
    await sleep(AGAIN_MS);
  }
}

/** Milliseconds that a port of the guest's may be another's before that is an error. */
const TAKEN_MS = 30_000;

/** The port of the guest's that ssh could not listen at, by its last words. Pure. */
export function takenPort(log: readonly string[]): string | undefined {
  return /remote port forwarding failed for listen port (\d+)/.exec(log.at(-1) ?? '')?.[1];
}

function portTaken(port: string): MayflyError {
  return new MayflyError(
    'vm',
    'vm.port-taken',
    `Port ${port} of the VM is taken, so it cannot reach the archive.`,
    {
      hint: 'Does a package or script of the project start a server there? A kept VM: `mayfly vm destroy` ends it.',
    },
  );
}

/** Until sshd has said that it begins, or something has answered like SSH. */
async function waitForSshd(guest: GuestSession, options: ReadyOptions, deadline: number): Promise<void> {
  const found = new AbortController();
  try {
    await lookAndAsk(guest, options, deadline, found);
  } finally {
    // The tries that still wait.
    found.abort();
  }
}

async function lookAndAsk(
  guest: GuestSession,
  options: ReadyOptions,
  deadline: number,
  found: AbortController,
): Promise<void> {
  const started = performance.now();
  let tries = 0;
  let nextTry = 0;
  const attempt = async (): Promise<void> => {
    using limit = deadlineOf(bannerMs(performance.now() - started), found.signal);
    if (await hasBanner(guest.ssh, limit.signal)) found.abort();
    tries -= 1;
  };
  while (!isAborted(found.signal)) {
    const heard = listenFor(guest.console, guest.consoleFrom ?? 0);
    if (heard === 'begins') return;
    const elapsed = performance.now() - started;
    if (tries < MOST_TRIES && elapsed >= nextTry && mayAsk(heard, elapsed, guest.consoleFrom !== undefined)) {
      tries += 1;
      nextTry = elapsed + TRY_EVERY_MS;
      void attempt();
    }
    await check(guest, options, deadline);
    const last = consoleTail(guest, 1)[0];
    if (last !== undefined) options.progress(last);
    // The sleep ends at once when a try succeeds.
    await sleep(LOOK_EVERY_MS, undefined, { signal: found.signal }).catch(() => undefined);
  }
}

async function check(guest: GuestSession, options: ReadyOptions, deadline: number): Promise<void> {
  throwIfAborted(options.signal);
  const end = guest.gone();
  if (end?.hostDiskFull === true) throw vmDied(end, guest);
  if (end !== undefined) throw await bootFailed(guest, end);
  if (Date.now() > deadline) throw await bootTimedOut(guest, options.timeoutMs);
}

async function bootFailed(guest: GuestSession, end: VmEnd): Promise<MayflyError> {
  const lines = await wholeConsole(guest);
  const panic = lines.findIndex((line) => line.includes('Kernel panic'));
  return new MayflyError(
    'vm',
    'vm.boot-failed',
    panic >= 0
      ? 'The guest kernel panicked while it booted.'
      : `The VM ended before SSH answered: ${end.reason}.`,
    {
      // What came before a panic explains it; the registers that follow do not.
      details: panic >= 0 ? lines.slice(Math.max(0, panic - 8), panic + 3) : lines.slice(-SHORT_TAIL),
      log: guest.console,
      hint: 'The lines above are from its serial console.',
    },
  );
}

async function bootTimedOut(guest: GuestSession, timeoutMs: number): Promise<MayflyError> {
  const lines = await wholeConsole(guest);
  return new MayflyError(
    'vm',
    'vm.boot-timeout',
    `SSH did not answer in the VM within ${Math.round(timeoutMs / 1000)} s.`,
    {
      details:
        lines.length === 0
          ? ['(the serial console is empty: the guest did not even start its kernel)']
          : lines.slice(-SHORT_TAIL),
      log: guest.console,
      hint: 'A host whose KVM is broken lets guests hang: try MAYFLY_ACCELERATOR=tcg. A loaded host needs more time: --boot-timeout 20m, of `build`, `vm up` or `vm provision`.',
    },
  );
}

/** The end of the console, from wherever it is. */
async function wholeConsole(guest: GuestSession): Promise<readonly string[]> {
  try {
    await guest.bringConsole();
    return consoleTail(guest, LONG_TAIL);
  } catch (error) {
    return [...consoleTail(guest, LONG_TAIL), `(its serial console cannot be read: ${messageOf(error)})`];
  }
}

function consoleTail(guest: GuestSession, count: number): readonly string[] {
  return logTail(guest.console, count)
    .map(sanitizeLine)
    .filter((line) => line !== '');
}
