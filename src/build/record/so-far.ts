/** What is known of a build while it runs. */
import type { Artifact } from '../../artifacts/collect.js';
import type { Box } from '../../basebox/store.js';
import type { ServedFile } from '../../snapshots/local/server.js';
import type { BuildPlan } from '../plan/plan.js';

/** What is known so far, for the record that is written however the build ends. */
export interface BuildProgress {
  readonly id: string;
  readonly startedAt: Date;
  plan: BuildPlan | undefined;
  box: Box | undefined;
  vm: { readonly id: string; readonly reused: boolean } | undefined;
  /** What the archive served: it grows while the build runs. */
  served: readonly ServedFile[];
  /** What the proxy in the VM had already. */
  cached: readonly ServedFile[];
  /** What was asked for outside the plan; it grows too. */
  outside: ReadonlySet<string>;
  readonly artifacts: Artifact[];
}
