/** The ends of a builder VM: it goes on without us, is powered off, or is gone but for what its cache disks gained. */
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MayflyError, messageOf } from '../../errors.js';
import { finish } from '../../guest/build.js';
import { deadline } from '../../process/deadline.js';
import { removeTree } from '../../process/scratch.js';
import type { Report } from '../../report/events.js';
import { vmFiles } from '../../paths.js';
import { providerOf } from '../../vm/providers.js';
import { writeVmRecord } from '../../vm/registry.js';
import type { Context } from '../context.js';
import type { BuilderVm } from './builder-vm.js';
import { closeCaches } from './caches.js';

/** What is told when the end of a VM fails, after something else had failed. */
export const notKept = (id: string): string => `The VM ${id} could not be kept`;
export const notRemoved = (id: string): string =>
  `The VM ${id} could not be removed, and the next build or \`mayfly clean\` tries again`;

/** Lets the VM go on without us. */
export async function keepBuilderVm(builder: BuilderVm): Promise<void> {
  await builder.master?.end(1000);
  await builder.vm.letGo();
  builder.record = { ...builder.record, kept: true };
  await writeVmRecord(builder.folder, builder.record);
  await builder.held.release();
}

/**
 * Powers the VM off and keeps its disks: it can start again.
 * @throws MayflyError `vm.crashed` when it had to be killed, or was gone already: then it cannot
 */
export async function haltBuilderVm(builder: BuilderVm, report: Report): Promise<void> {
  const unmounted = builder.master !== undefined && (await unmountCaches(builder, report));
  await builder.master?.end(1000);
  const inOrder = await stopVm(builder, report);
  const nowhere = { process: undefined, port: undefined, host: undefined };
  const started = inOrder ? undefined : (builder.record.started ?? { consoleFrom: 0 });
  // Halted in order, its caches may still be worth nothing: that is told apart for its end.
  const cachesClean = inOrder && unmounted;
  builder.record = { ...builder.record, ...nowhere, started, kept: true, cachesClean };
  await writeVmRecord(builder.folder, builder.record);
  await builder.held.release();
  if (inOrder) return;
  const text = `The VM ${builder.record.id} did not end in order: its disk may be damaged.`;
  throw new MayflyError('vm', 'vm.crashed', text, { hint: 'Remove it: `mayfly vm destroy`.' });
}

/**
 * Ends the VM and removes all of it. What the cache disks gained is kept when the guest unmounted
 * them and QEMU closed them in order.
 */
export async function destroyBuilderVm(context: Context, builder: BuilderVm, report: Report): Promise<void> {
  let clean = false;
  try {
    if (builder.master?.exit === undefined && builder.master !== undefined && builder.vm.exit === undefined) {
      clean = await unmountCaches(builder, report);
    }
  } finally {
    try {
      await builder.master?.end(1000);
      if (clean) clean = await stopVm(builder, report);
      else await builder.vm.kill();
      await closeCachesIfPossible(context, builder, clean, report);
      await providerOf(builder.record.provider).remove(builder);
      await removeTree(builder.folder);
    } finally {
      await builder.held.release();
    }
  }
}

/** A cache that cannot be kept is no reason to keep the VM. */
export async function closeCachesIfPossible(
  context: Context,
  { record, folder }: Pick<BuilderVm, 'record' | 'folder'>,
  clean: boolean,
  report: Report,
): Promise<void> {
  try {
    await closeCaches(context, record, folder, clean, report);
  } catch (error) {
    const text = `What this build fetched is not kept in its caches: ${messageOf(error)}`;
    report({ type: 'notice', level: 'warning', text });
  }
}

/** Milliseconds for stopping a proxy and unmounting two disks under emulation. */
const UNMOUNT_MS = 60_000;

async function unmountCaches(builder: BuilderVm, report: Report): Promise<boolean> {
  using limit = deadline(UNMOUNT_MS);
  try {
    const outcome = await finish(
      builder.guest,
      { keepBuild: false, unmount: true },
      {
        signal: limit.signal,
        onLine: (line, stream) => report({ type: 'output', step: 'destroy', stream, line }),
      },
    );
    if (!outcome.clean) warnOfLoss(builder, `they could not be unmounted. ${outcome.reason}`, report);
    return outcome.clean;
  } catch (error) {
    const reason = limit.expired ? `It took more than ${UNMOUNT_MS / 1000} seconds.` : messageOf(error);
    warnOfLoss(builder, `they could not be unmounted. ${reason}`, report);
    return false;
  }
}

/** @returns whether its disks were closed in order */
async function stopVm(builder: BuilderVm, report: Report): Promise<boolean> {
  const inOrder = await builder.vm.stop();
  if (!inOrder) warnOfLoss(builder, 'it did not end in order: it was killed, or was gone before.', report);
  return inOrder;
}

/** A build without its cache is slower, and nothing else would say why. */
export function warnOfLoss({ record }: Pick<BuilderVm, 'record'>, why: string, report: Report): void {
  if (Object.keys(record.caches).length === 0) return;
  const text = `What the VM ${record.id} fetched is not kept in its caches: ${why}`;
  report({ type: 'notice', level: 'warning', text });
}

/** Removes the folder of a VM that never started, unless its record says that some of it may be left elsewhere. */
export async function removeVmFolder(folder: string): Promise<void> {
  const isLeft = await lstat(join(folder, vmFiles.record)).then(
    () => true,
    () => false,
  );
  if (!isLeft) await rm(folder, { recursive: true, force: true });
}
