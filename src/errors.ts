/**
 * Errors as part of the product: what failed, on what, why, and what to do next.
 * Every error that a person can meet is a MayflyError; anything else is a bug in mayfly.
 */

/** What an error means for the person; the command line maps each to an exit code (see cli/exit.ts). */
export type FailureKind =
  /** The project's own build script ended with a failure. */
  | 'script'
  /** Wrong usage or configuration. */
  | 'usage'
  /** The host lacks something: a program, space, a permission, the network. */
  | 'host'
  /** The VM or its provider failed. */
  | 'vm'
  /** Refused in order to protect the person: dirty tree, wrong branch, unpinned input. */
  | 'refused'
  /** Interrupted by a person or by a signal. */
  | 'interrupted';

export interface ErrorInit {
  /** What to do next, as one or more plain sentences. */
  readonly hint?: string | undefined;
  /** Lines that help to understand the failure: the tail of a log, the stderr of a program. */
  readonly details?: readonly string[] | undefined;
  /** The path of a log that holds the whole story. */
  readonly log?: string | undefined;
  readonly cause?: unknown;
}

export class MayflyError extends Error {
  override readonly name: string = 'MayflyError';
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly log: string | undefined;

  /**
   * @param kind what it means for the person
   * @param code a stable name for machines, such as `source.dirty`
   * @param message what failed, on what, and why
   */
  constructor(
    readonly kind: FailureKind,
    readonly code: string,
    message: string,
    init: ErrorInit = {},
  ) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.hint = init.hint;
    this.details = init.details ?? [];
    this.log = init.log;
  }
}

/** True for a Node.js system error with this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** System errors that are about the host, not about mayfly: errno(3) → what to do. */
const HOST_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'Give this user permission, or choose another place (see `mayfly --help`, Environment).',
  EPERM: 'Give this user permission, or choose another place (see `mayfly --help`, Environment).',
  EROFS: 'The file system is read-only: choose another place (see `mayfly --help`, Environment).',
  ENOSPC: 'Make room there: see `mayfly box clean` and `mayfly cache list`.',
  EDQUOT: 'The quota of this user is used up: make room, or choose another place.',
  EMFILE: 'Raise the limit of open files: ulimit -n.',
};

/** A failed system call as an error that people can act on; undefined when it is none of these. */
export function hostError(error: unknown): MayflyError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const hint = HOST_ERRORS[error.code];
  if (hint === undefined) return undefined;
  return new MayflyError('host', `host.${error.code.toLowerCase()}`, `This host: ${error.message}.`, {
    hint,
    cause: error,
  });
}

/**
 * The error that came first, of one that a cleanup after it threw too. By its name: older versions of Node.js
 * have no class for it.
 */
export function firstError(error: unknown): unknown {
  const isLater = error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error;
  return isLater ? firstError(error.suppressed) : error;
}

/** Words any thrown value for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error to throw when a signal ended the work: what the caller passed as the reason, or a plain one. */
export function interruption(signal?: AbortSignal): MayflyError {
  if (signal?.reason instanceof MayflyError) return signal.reason;
  return new MayflyError('interrupted', 'interrupted', 'Interrupted.');
}

/** Whether the signal has fired by now: a function, so that asking twice may have two answers. */
export function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false;
}

/** @throws the interruption, when the signal has fired */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (isAborted(signal)) throw interruption(signal);
}
