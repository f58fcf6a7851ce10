/**
 * Brings the artifacts of a VM to the host, in two steps: the guest writes them to the artifact
 * disk; and, when the VM is gone unless it is kept, the host checks them and puts them where they
 * belong.
 */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { takeArtifacts, type Artifact, type Offer } from '../../artifacts/collect.js';
import { ARTIFACT_DISK } from '../../artifacts/disk.js';
import { hasCode } from '../../errors.js';
import { collectArtifacts } from '../../guest/build.js';
import type { ScriptOptions } from '../../guest/session.js';
import { vmFiles } from '../../paths.js';
import { run } from '../../process/run.js';
import type { Report } from '../../report/events.js';
import type { BuilderVm } from '../vm/builder-vm.js';
import { guestSettings } from '../plan/guest-environment.js';
import type { BuildPlan } from '../plan/plan.js';

export interface Collected {
  /** The artifact disk, a raw file. */
  readonly disk: string;
  readonly offers: readonly Offer[];
  /** The VM goes on with its disk. */
  readonly inUse: boolean;
}

/** Has the guest write its artifacts to the artifact disk. */
export async function collect(
  plan: BuildPlan,
  builder: BuilderVm,
  options: ScriptOptions,
): Promise<Collected> {
  const empty = (await builder.storage.emptyArtifactDisk(options.signal)) === 'guest';
  const { patterns, from } = plan.artifacts;
  const request = { patterns, from, disk: ARTIFACT_DISK, empty };
  const offers = await collectArtifacts(builder.guest, guestSettings(plan), request, options);
  return { disk: await builder.storage.readArtifactDisk(options.signal), offers, inUse: true };
}

/** Takes the artifact disk out of the folder of a VM that is about to be removed. */
export async function setAside(
  collected: Collected,
  scratch: string,
  signal: AbortSignal,
): Promise<Collected> {
  const disk = join(scratch, vmFiles.artifacts);
  try {
    await rename(collected.disk, disk);
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error;
    // One of the two folders is a file system of its own. The disk is mostly holes: they stay holes.
    try {
      await run('cp', ['--sparse=auto', '--', collected.disk, disk], { signal });
    } catch (problem) {
      await rm(disk, { force: true });
      throw problem;
    }
  }
  return { ...collected, disk, inUse: false };
}

/** @returns those that are in `plan.artifacts.directory` now */
export async function publishArtifacts(
  plan: BuildPlan,
  collected: Collected,
  signal: AbortSignal,
  report: Report,
): Promise<readonly Artifact[]> {
  return await takeArtifacts({
    ...collected,
    to: plan.artifacts.directory,
    signal,
    onArtifact: (artifact) => report({ type: 'artifact', ...artifact }),
  });
}
