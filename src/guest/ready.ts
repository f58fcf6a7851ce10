/** Waits until a VM can be worked in: SSH answers. Says why when it never will. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MayflyError, throwIfAborted } from '../errors.js';
import { logTail, type Service } from '../process/service.js';
import { hasBanner, masterAnswers, openMaster } from '../process/ssh.js';
import type { GuestSession } from './session.js';
import { sanitizeLine } from '../report/sanitize.js';

export interface ReadyOptions {
  /** Milliseconds until the guest must answer. */
  readonly timeoutMs: number;
  /** Receives ssh's own messages. */
  readonly sshLog: string;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** How long one try waits for the SSH banner: the guest's network may swallow the first packets. */
const BANNER_MS = 800;
const PAUSE_MS = 100;
/** Lines of the console that are looked at, and that are shown. */
const LONG_TAIL = 200;
const SHORT_TAIL = 15;

/**
 * @returns the shared connection; end it before the VM is stopped
 * @throws MayflyError `vm.boot-failed` when the VM ends first, `vm.boot-timeout` when SSH never answers
 */
export async function waitUntilReady(guest: GuestSession, options: ReadyOptions): Promise<Service> {
  const deadline = Date.now() + options.timeoutMs;
  const { host, port } = guest.ssh;
  while (!(await hasBanner(host, port, BANNER_MS))) {
    check(guest, options, deadline);
    const last = consoleTail(guest, 1)[0];
    if (last !== undefined) options.progress(last);
    await sleep(PAUSE_MS);
  }
  for (;;) {
    const master = await openMaster(guest.ssh, options.sshLog);
    try {
      while (master.exit === undefined) {
        if (await masterAnswers(guest.ssh, options.signal)) return master;
        check(guest, options, deadline);
        await sleep(PAUSE_MS / 2);
      }
    } catch (error) {
      await master.end(1000);
      throw error;
    }
    check(guest, options, deadline);
    await sleep(PAUSE_MS);
  }
}

function check(guest: GuestSession, options: ReadyOptions, deadline: number): void {
  throwIfAborted(options.signal);
  const reason = guest.gone();
  if (reason !== undefined) {
    const lines = consoleTail(guest, LONG_TAIL);
    const panic = lines.findIndex((line) => line.includes('Kernel panic'));
    throw new MayflyError(
      'vm',
      'vm.boot-failed',
      panic >= 0
        ? 'The guest kernel panicked while it booted.'
        : `The VM ended before SSH answered: ${reason}.`,
      {
        // What came before a panic explains it; the registers that follow do not.
        details: panic >= 0 ? lines.slice(Math.max(0, panic - 8), panic + 3) : lines.slice(-SHORT_TAIL),
        log: guest.console,
        hint: 'The lines above are from its serial console.',
      },
    );
  }
  const details = consoleTail(guest, SHORT_TAIL);
  if (Date.now() > deadline) {
    throw new MayflyError(
      'vm',
      'vm.boot-timeout',
      `SSH did not answer in the VM within ${Math.round(options.timeoutMs / 1000)} s.`,
      {
        details:
          details.length === 0
            ? ['(the serial console is empty: the guest did not even start its kernel)']
            : details,
        log: guest.console,
        hint: 'A host whose KVM is broken lets guests hang: try MAYFLY_ACCELERATOR=tcg. A loaded host needs more time: --boot-timeout.',
      },
    );
  }
}

function consoleTail(guest: GuestSession, count: number): readonly string[] {
  return logTail(guest.console, count)
    .map(sanitizeLine)
    .filter((line) => line !== '');
}
