/**
 * What happens, as events with types. Renderers only draw them; the record of a build and machines
 * read the same stream (events.jsonl). Guest output inside events is raw: a
 * renderer that prints to a terminal strips escape sequences first (sanitize.ts).
 */

/**
 * The steps of a build, in the order in which they run. Leftovers go first: a VM that a crash left
 * holds memory that the plan would count as taken. The names are stable.
 */
export const STEPS = [
  'reap',
  'plan',
  'source',
  'box',
  'vm',
  'ready',
  'provision',
  'build',
  'artifacts',
  'destroy',
  'publish',
] as const;
export type StepName = (typeof STEPS)[number];

export type StepOutcome = 'ok' | 'failed' | 'reused';

/** What the local archive has handed out for something, in bytes. */
export interface Traffic {
  readonly bytes: number;
  /** As much of it as came from upstream for this; the rest was stored. */
  readonly downloaded: number;
  /** About what it will be in the end, where something like it was made before. */
  readonly expected?: number;
}

export interface FailureEvent {
  readonly type: 'failed';
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details: readonly string[];
  readonly log?: string;
}

export type MayflyEvent =
  | {
      readonly type: 'build-started';
      readonly build: string;
      readonly project: string;
      readonly ref: string;
      readonly commit: string;
    }
  | { readonly type: 'step-started'; readonly step: StepName; readonly title: string }
  | {
      readonly type: 'step-finished';
      readonly step: StepName;
      readonly outcome: StepOutcome;
      readonly seconds: number;
      readonly summary?: string;
    }
  /** A line that a program or the guest printed. */
  | {
      readonly type: 'output';
      readonly step: StepName;
      readonly stream: 'stdout' | 'stderr';
      readonly line: string;
    }
  /** A long step has come to the next part of its work, so many seconds after that work began. */
  | {
      readonly type: 'phase';
      readonly step: StepName;
      readonly name: string;
      readonly seconds: number;
      readonly traffic?: Traffic;
    }
  /** How far a step is, in words for people. With traffic, which grows all the time, it comes every half second. */
  | {
      readonly type: 'progress';
      readonly step: StepName;
      readonly text: string;
      readonly traffic?: Traffic;
    }
  | { readonly type: 'notice'; readonly level: 'info' | 'warning'; readonly text: string }
  /** Something that a crashed mayfly left behind was removed. */
  | { readonly type: 'reaped'; readonly what: string }
  | { readonly type: 'artifact'; readonly name: string; readonly bytes: number; readonly sha256: string }
  | FailureEvent
  | {
      readonly type: 'build-finished';
      readonly outcome: 'success' | 'failure' | 'interrupted';
      readonly seconds: number;
    };

export type Report = (event: MayflyEvent) => void;
