/** A VM in which one can work: fresh, or the kept one; its source shared, its base box made, SSH answering. */
import { join } from 'node:path';
import type { Box } from '../../basebox/store.js';
import { MayflyError } from '../../errors.js';
import { vmFiles } from '../../paths.js';
import { makeSourceShare, materializeFolder } from '../../source/index.js';
import type { KnownVm } from '../../vm/registry.js';
import { ensureBox } from '../box/ensure.js';
import { adoptBuilderVm } from './adopt.js';
import { connectBuilderVm, holdVm, newVmId, type BuilderVm } from './builder-vm.js';
import { destroyKeptVm } from './destroy.js';
import { destroyBuilderVm, keepBuilderVm, notKept, notRemoved, removeVmFolder } from './end.js';
import { holdKnownVm, type HeldVm } from './hold.js';
import { findKeptVm, refuseCrashed, refuseElsewhere } from './kept.js';
import { refuseOtherSettings } from './other-settings.js';
import { refuseOtherStart } from './started-for.js';
import { makeFolderFor, startBuilderVm } from './start.js';
import type { BuildArchive } from '../archive/serve.js';
import { tunnelsOf } from '../archive/network.js';
import { withCleanUp } from '../clean-up.js';
import type { Context } from '../context.js';
import { noteVm } from '../record/about.js';
import type { Journal } from '../record/journal.js';
import { addKeyrings } from '../plan/box-spec.js';
import type { BuildPlan } from '../plan/plan.js';
import { inspectAsAsked } from '../plan/project.js';
import { Undo } from '../undo.js';

export interface VmRequest {
  readonly context: Context;
  readonly journal: Journal;
  readonly plan: BuildPlan;
  /** Served until the caller is done with the VM. */
  readonly archive: BuildArchive;
  readonly mayOutliveUs: boolean;
  /** Use this one; else the kept one of the checkout, else a fresh one. */
  readonly existing?: KnownVm;
  readonly bootTimeoutMs?: number | undefined;
  /** Told as soon as it is known, also when a later step fails. */
  readonly onVm?: (id: string, reused: boolean) => void;
  readonly onBox?: (box: Box) => void;
  /** Called before a VM that could not be worked in is removed, while its logs are still there. */
  readonly beforeRemoval?: (builder: BuilderVm) => Promise<void>;
}

export interface ObtainedVm {
  readonly builder: BuilderVm;
  readonly reused: boolean;
}

export async function obtainVm(request: VmRequest): Promise<ObtainedVm> {
  const { context, journal, plan } = request;
  let kept = request.existing ?? (await findKeptVm(context, plan.project.checkout));
  if (kept !== undefined) refuseElsewhere(kept);
  // Whoever names a VM means that one.
  if (kept !== undefined && plan.options.forceCleanup && request.existing === undefined) {
    await destroyKept(request, kept);
    kept = undefined;
  }
  const id = kept?.record.id ?? newVmId(plan.project.name, plan.source.ref.name);
  request.onVm?.(id, kept !== undefined);
  await noteVm(journal.folder, id);
  const undo = new Undo();
  try {
    const taken = await hold(request, id, kept);
    const { held } = taken;
    undo.push('the VM', () => held.release());
    // From here on as it is now.
    kept = taken.known;
    const folder = kept?.folder ?? (await makeFolderFor(context, id));
    if (kept === undefined) undo.push('the folder of the VM', () => removeVmFolder(folder));
    if (kept !== undefined) refuseOtherStart(plan, kept.record);
    if (kept !== undefined && request.existing === undefined) refuseOtherSettings(plan, kept.record);
    await journal.step('source', 'Cloning the source for the VM', (say) =>
      shareSource(context, plan, folder, say.summary),
    );
    const box = await obtainBox(request);
    const builder = await journal.step(
      'vm',
      kept === undefined ? 'Starting a VM' : 'Taking the kept VM',
      async (say) => {
        say.summary(`${id}, ${hardware(plan)}`);
        if (kept === undefined) {
          const { mayOutliveUs, bootTimeoutMs } = request;
          return await startBuilderVm(context, plan, box, id, folder, held, { mayOutliveUs, bootTimeoutMs });
        }
        say.reused();
        return await adoptBuilderVm(context, kept, held);
      },
    );
    // From here on the VM's own end removes its folder.
    undo.release();
    await connect(request, builder, kept !== undefined);
    return { builder, reused: kept !== undefined };
  } finally {
    for (const problem of await undo.run())
      journal.tell({ type: 'notice', level: 'warning', text: `Cleaning up: ${problem}` });
  }
}

/** @returns the kept VM as it is once nobody else works with it */
async function hold(
  { context, journal }: VmRequest,
  id: string,
  kept: KnownVm | undefined,
): Promise<Pick<HeldVm, 'held'> & Partial<HeldVm>> {
  if (kept === undefined) return { held: await holdVm(context, id) };
  const taken = await holdKnownVm(context, kept, refuseCrashed);
  if (!taken.known.record.kept) {
    const text = `The VM ${id} was to be kept by a mayfly that is gone: it is provisioned again.`;
    journal.tell({ type: 'notice', level: 'info', text });
  }
  return taken;
}

function hardware(plan: BuildPlan): string {
  const { provider, connection, cpus, memoryBytes, accelerator, acceleratorReason } = plan.vm;
  const place = connection === undefined ? '' : `${provider} at ${connection}, `;
  return `${place}${cpus} CPUs, ${Math.round(memoryBytes / 2 ** 20)} MiB, ${accelerator} (${acceleratorReason})`;
}

async function destroyKept({ context, journal, bootTimeoutMs }: VmRequest, kept: KnownVm): Promise<void> {
  await journal.step('destroy', `Destroying the kept VM ${kept.record.id}`, async () => {
    await destroyKeptVm(context, kept, journal.tell, bootTimeoutMs);
  });
}

async function obtainBox({ context, journal, plan, archive, onBox }: VmRequest): Promise<Box> {
  return await journal.step('box', 'Making the base box', async (say) => {
    const { box, reused } = await ensureBox(context, plan.box, archive, journal.tell);
    if (reused) say.reused();
    say.summary(`${plan.box.label} (${box.record.fingerprint.slice(0, 12)})`);
    onBox?.(box);
    return box;
  });
}

async function connect(request: VmRequest, builder: BuilderVm, reused: boolean): Promise<void> {
  const { context, journal, archive } = request;
  const options = {
    bootTimeoutMs: request.bootTimeoutMs,
    tunnels: tunnelsOf(request.plan, archive.port),
  };
  const { id } = builder.record;
  await withCleanUp(
    journal.tell,
    () =>
      journal.step('ready', 'Waiting for SSH', (say) =>
        connectBuilderVm(context, builder, say.progress, options),
      ),
    async (cleanUp, failed) => {
      if (!failed) return;
      await cleanUp.attempt(
        `The logs of the VM ${id} are lost`,
        async () => await request.beforeRemoval?.(builder),
      );
      if (reused && builder.vm.exit === undefined) {
        await cleanUp.attempt(notKept(id), () => keepBuilderVm(builder));
        return;
      }
      if (reused) {
        const text = `The VM ${id} ended while it started, and is removed with its disks.`;
        journal.tell({ type: 'notice', level: 'warning', text });
      }
      await cleanUp.attempt(notRemoved(id), () => destroyBuilderVm(context, builder, journal.tell));
    },
  );
}

/** What the VM sees of the project: a clone of its own, and the builder directory as it is used. */
async function shareSource(
  context: Context,
  plan: BuildPlan,
  folder: string,
  summary: (text: string) => void,
): Promise<void> {
  const checkout = await inspectAsAsked(context, plan.project.checkout, plan.project.profile);
  const share = await makeSourceShare(checkout, join(folder, vmFiles.source), {
    merge: plan.options.mergeBaseBranch,
    signal: context.signal,
  });
  if (share.commit !== plan.source.commit) {
    throw new MayflyError(
      'refused',
      'source.moved',
      'The checkout changed while the build began: another commit would be built now.',
      {
        hint: 'Build again.',
      },
    );
  }
  const builderFolder = join(folder, vmFiles.builder);
  await materializeFolder({
    checkout,
    share,
    folder: plan.project.builderFolder,
    destination: builderFolder,
    from: plan.source.builderFrom,
    replace: true,
    signal: context.signal,
  });
  await addKeyrings(plan.archive.origins, builderFolder);
  const merged = plan.source.merged ? `, merged with ${plan.source.base?.name ?? 'its base branch'}` : '';
  summary(`${plan.source.ref.name} at ${share.shortIds.commit}${merged}`);
}
