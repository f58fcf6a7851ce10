/** The build itself: the project's script in a clone at the exact commit; then what it left behind. */
import { MayflyError } from '../errors.js';
import { guestError, requireEnded, type GuestSettings } from './provision.js';
import { yes } from './scripts.js';
import { runScript, type GuestReport, type GuestSession, type ScriptOptions } from './session.js';

export interface BuildRequest {
  readonly script: string;
  readonly commit: string;
  readonly refKind: 'branch' | 'tag';
  /** Name of the branch or tag. */
  readonly refName: string;
  /** Build in a tmpfs of at most this many KiB; undefined for the disk. */
  readonly ramKib: number | undefined;
  /** Where the script leaves its results, and what they are called: old ones are removed before. */
  readonly results: { readonly patterns: readonly string[]; readonly from: string };
  /** What the guest's clock is set to before the script starts: seconds since 1970. */
  readonly now: number;
  /** NAME=value words: the script's whole environment. */
  readonly environment: readonly string[];
}

export interface ScriptEnd {
  readonly exitCode: number;
  /** A folder of the guest whose file system has no room left, when the script failed. */
  readonly full: string | undefined;
}

/**
 * Runs the build script.
 * @throws MayflyError when it could not be started at all
 */
export async function runBuild(
  guest: GuestSession,
  settings: GuestSettings,
  request: BuildRequest,
  options: ScriptOptions,
): Promise<ScriptEnd> {
  const values = {
    MF_BUILDER: settings.builder,
    MF_SOURCE: settings.source,
    MF_USER: settings.user,
    MF_SETUP: settings.setup,
    MF_SCRIPT: request.script,
    MF_FROM: request.results.from,
    MF_PATTERNS: request.results.patterns.join('\n'),
    MF_COMMIT: request.commit,
    MF_REF_KIND: request.refKind,
    MF_REF_NAME: request.refName,
    MF_RAM: yes(request.ramKib !== undefined),
    MF_RAM_KIB: String(request.ramKib ?? 0),
    MF_NOW: String(request.now),
    MF_PROXY_IN_VM: yes(settings.proxyInVm),
  };
  const outcome = await runScript(guest, 'build', values, { ...options, args: request.environment });
  if (outcome.failure !== undefined) throw guestError(outcome.failure, settings.ref);
  requireEnded(outcome, 'build');
  return { exitCode: outcome.exitCode, full: outcome.full };
}

/** A file on the artifact disk, as the guest has it. */
export interface OfferedArtifact {
  /** Bytes from the start of the disk. */
  readonly offset: number;
  readonly bytes: number;
  readonly name: string;
}

const OFFER = /^artifact (\d+) (\d+) (.+)$/;

/**
 * Writes what matches the patterns to the artifact disk.
 * @param disk the disk's serial
 * @returns what the guest says is there now: not to be trusted
 */
export async function collectArtifacts(
  guest: GuestSession,
  settings: GuestSettings,
  request: {
    readonly patterns: readonly string[];
    readonly from: string;
    readonly disk: string;
    readonly empty: boolean;
  },
  options: ScriptOptions,
): Promise<readonly OfferedArtifact[]> {
  const offers: OfferedArtifact[] = [];
  const values = {
    MF_PATTERNS: request.patterns.join('\n'),
    MF_FROM: request.from,
    MF_DISK: request.disk,
    MF_EMPTY: yes(request.empty),
  };
  const outcome = await runScript(guest, 'collect', values, {
    ...options,
    onLine: (line, stream) => {
      const match = stream === 'stdout' ? OFFER.exec(line) : null;
      if (match === null) options.onLine(line, stream);
      else offers.push({ offset: Number(match[1]), bytes: Number(match[2]), name: match[3] ?? '' });
    },
  });
  if (outcome.failure !== undefined) throw guestError(outcome.failure, settings.ref);
  if (outcome.exitCode !== 0) {
    throw new MayflyError(
      'vm',
      'guest.collect-failed',
      `Fetching the artifacts failed with exit code ${outcome.exitCode}.`,
    );
  }
  return offers;
}

export interface FinishRequest {
  /** Leave the build directory as it is, for a look inside. */
  readonly keepBuild: boolean;
  /** Unmount the cache disks, because the VM goes. */
  readonly unmount: boolean;
}

/** What became of the cache disks. */
type FinishOutcome =
  | { readonly clean: true }
  | {
      readonly clean: false;
      /** Why they are not unmounted, in a sentence. */
      readonly reason: string;
    };

export async function finish(
  guest: GuestSession,
  request: FinishRequest,
  options: ScriptOptions,
): Promise<FinishOutcome> {
  const values = { MF_KEEP_BUILD: yes(request.keepBuild), MF_UNMOUNT: yes(request.unmount) };
  const { exitCode, failure } = await runScript(guest, 'finish', values, options);
  if (failure !== undefined) return { clean: false, reason: wordsOf(failure) };
  if (exitCode === 0) return { clean: true };
  return { clean: false, reason: `The script that unmounts them failed with exit code ${exitCode}.` };
}

function wordsOf({ code, text }: GuestReport): string {
  if (code !== 'guest.busy-cache') return `In the VM: ${text}.`;
  return `${text} in the VM is in use. Let the project's script end what it started there.`;
}
